"""The trained model of a finished trial, which says of the same clips what it said before."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file

from mertk.data import ClipData
from mertk.errors import MertkError
from mertk.model import Model, build
from mertk.ragged import Ragged
from mertk.records import WEIGHTS, Record
from mertk.resolved import Resolved
from mertk.sources import Source
from mertk.train.device import accelerator, pick_precision, repeatable
from mertk.train.predict import predict

NOISE: Final = {"fp32": 1e-3, "bf16": 3e-2, "fp16": 1e-2}
"""By how much a probability may differ from the one that was kept, by precision: what other
batches, threads and devices do to it."""


@dataclass(frozen=True)
class Revived:
    """A trained model, ready to predict.

    Args:
        model: On its device, with the trial's weights.
        record: The trial.
        batch_size: Clips at once.
        device: Where.
    """

    model: Model
    record: Record
    batch_size: int
    device: torch.device

    def says(self, streams: Mapping[str, Ragged]) -> NDArray[np.float32]:
        """[B, N] class probabilities of the trial's test clips, whose streams are given."""
        labels, _ = self.record.predictions()
        data = ClipData(tuple(self.record.clips), torch.from_numpy(labels.copy()), streams)
        with repeatable(self.device):
            rows = torch.arange(len(data))
            return predict(self.model, data, rows, self.batch_size, self.device).scores

    def refuse_another(self, streams: Mapping[str, Ragged]) -> None:
        """Hold what it says of the clips as they are to what was kept of the trial.

        Raises:
            MertkError: It says something else.
        """
        _, kept = self.record.predictions()
        apart = float(np.abs(self.says(streams) - kept).max())
        facts = self.record.facts["provenance"]
        if not apart <= NOISE[facts["precision"]]:
            raise MertkError(
                f"{self.record.folder}: its weights say something else of its clips now "
                f"(probabilities differ by up to {apart:.2g}), so nothing else they say would "
                f"compare: media, code or packages are others, or the device (it was "
                f"{facts['device']}, torch {facts['packages']['torch']}); run the recipe again"
            )


@contextmanager
def revived(
    record: Record,
    resolved: Resolved,
    sources: Mapping[str, Source],
    streams: Mapping[str, Ragged],
    device: torch.device,
) -> Iterator[Revived]:
    """The trial's model inside the `with`.

    Args:
        record: The trial.
        resolved: Its recipe.
        sources: Each stream's encoder.
        streams: What they made of its test clips.
        device: Where to run.

    Raises:
        MertkError: The weights cannot be read or do not fit, or the device is another kind.
    """
    model = _load(record, resolved, sources, streams)
    machine = accelerator(device, _precision(record, device))
    try:
        yield Revived(machine.prepare(model), record, resolved.recipe.train.batch_size, device)
    finally:
        machine.free_memory()


def _precision(record: Record, device: torch.device) -> str:
    trained = str(record.facts["provenance"]["precision"])
    try:
        return pick_precision(trained, device)
    except MertkError:
        raise MertkError(
            f"{record.folder}: ran in {trained}, which this {device.type} is slow at; use a device "
            f"like its own ({record.facts['provenance']['device']})"
        ) from None


def _load(
    record: Record,
    resolved: Resolved,
    sources: Mapping[str, Source],
    streams: Mapping[str, Ragged],
) -> Model:
    dims = {
        name: source.encoder.dim if source.trained else streams[name].dim
        for name, source in sources.items()
    }
    # Mean and spread are in the weights: what stands here only makes place for them.
    scales = {
        name: (torch.zeros(dims[name]), torch.ones(dims[name]))
        for name, spec in resolved.recipe.encoders.items()
        if spec.standardize
    }
    classes = len(record.facts["corpus"]["classes"])
    model = build(resolved, dims, classes, int(record.facts["seed"]), scales)
    file = record.folder / WEIGHTS
    try:
        model.load_state_dict(load_file(file))
    except (OSError, SafetensorError, RuntimeError) as error:
        first = str(error).partition("\n")[0]
        raise MertkError(
            f"{file}: these weights do not fit the recipe's model ({first}); run the trial again "
            "(--redo)"
        ) from error
    return model
