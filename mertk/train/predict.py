"""What a model says of clips, whatever batches they are put in."""

import torch
from torch import Tensor

from mertk.data import ClipData
from mertk.sampling import eval_batches
from mertk.train.record import Scores


def predict(
    model: torch.nn.Module,
    data: ClipData,
    rows: Tensor,
    batch_size: int,
    device: torch.device | str = "cpu",
) -> Scores:
    """Class probabilities [B, N] of the given rows, in their order."""
    model.eval()
    found = []
    batches = eval_batches(rows, data.lengths, batch_size)
    with torch.inference_mode():
        for picked in batches:
            batch = data.batch(picked)
            logits = model({k: s.to(device) for k, s in batch.streams.items()}).logits
            found.append(logits.float().softmax(-1))
    order = torch.cat(batches)
    position = torch.empty(len(data.labels), dtype=torch.long)
    position[order] = torch.arange(len(order))
    return torch.cat(found).cpu()[position[rows]].numpy()
