"""What a model says of clips, whatever batches they are put in."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mertk.data import ClipData
from mertk.model import Model
from mertk.sampling import eval_batches
from mertk.train.record import Scores
from mertk.train.relay import Relay


@dataclass(frozen=True)
class Said:
    """What a model says of B clips.

    Args:
        scores: [B, N] class probabilities, or as the target is.
        fused: [B, C] the fusion's vectors side by side, on the CPU.
    """

    scores: Scores
    fused: Tensor


def predict(
    model: Model,
    data: ClipData,
    rows: Tensor,
    batch_size: int,
    device: torch.device | str = "cpu",
    relay: Relay | None = None,
) -> Said:
    """Run the model in evaluation mode on the given rows; in their order.

    Args:
        model: The model.
        data: The clips.
        rows: [B] which of them.
        batch_size: Clips at once.
        device: Where the model is.
        relay: Runs it where its encoders see fewer clips at once, or processes share them out.
    """
    model.eval()
    scores, fused = [], []
    batches = eval_batches(rows, data.lengths, batch_size)
    with torch.inference_mode():
        for picked in batches:
            if relay:
                output = relay(picked)
            else:
                batch = data.batch(picked)
                output = model({k: s.to(device) for k, s in batch.streams.items()})
            scores.append(model.objective.scores(output.logits.float()))
            fused.append(torch.cat(list(output.fused.values()), dim=-1).float())
    order = torch.cat(batches)
    position = torch.empty(len(data.labels), dtype=torch.long)
    position[order] = torch.arange(len(order))
    asked = position[rows]
    return Said(torch.cat(scores).cpu()[asked].numpy(), torch.cat(fused).cpu()[asked])
