"""One trial: its data, model and fit -> what is kept of it."""

import math
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from mertk.contamination import declared
from mertk.contracts import Metric
from mertk.cost import forget_peaks, peaks
from mertk.data import ClipData
from mertk.insight import packed, shown
from mertk.model import Model, build
from mertk.plan import Corpus, Trial
from mertk.ragged import Ragged
from mertk.records import Predicted
from mertk.results import Outcome
from mertk.score import score
from mertk.train.checkpoint import Checkpoint
from mertk.train.fit import Parts, fit
from mertk.train.record import Fit, Scores
from mertk.train.team import ALONE, Team

Json = Any
PACKAGES = (
    *("mertk", "torch", "accelerate", "transformers", "timm"),
    *("numpy", "scipy", "av", "soundfile", "pillow"),
)
"""Whose versions a trial keeps: what trains, and what turns media into features."""


@dataclass(frozen=True)
class Setting:
    """What the trials of one variant share.

    Args:
        corpus: The clips and folds.
        inputs: What each stream starts from: stored outputs of frozen encoders, or what trained
            ones read.
        dims: Each stream's channels after its encoder.
        seconds: How long clips are, by id, as far as anyone knows.
        metrics: By name.
        ranking: The metric that picks the epoch.
        device: Where to run.
        precision: `fp32`, `bf16` or `fp16`.
        team: The processes that train each of them together.
    """

    corpus: Corpus
    inputs: Mapping[str, Ragged]
    dims: Mapping[str, int]
    seconds: Mapping[str, float]
    metrics: Mapping[str, Metric]
    ranking: Metric
    device: torch.device
    precision: str
    team: Team = ALONE


def conduct(
    trial: Trial, setting: Setting, checkpoint: Checkpoint, advance: Callable[[int], object]
) -> Outcome:
    """Train and score one trial.

    Args:
        trial: Which.
        setting: What it shares with the others of its variant.
        checkpoint: Where its state is kept, and found again.
        advance: Called with numbers of epochs that are done.

    Raises:
        TrainingError: The fit cannot go on.
    """
    began, started = datetime.now(UTC), time.monotonic()
    settings = trial.variant.resolved.recipe.train
    data = clip_data(setting)
    position = {clip: row for row, clip in enumerate(data.ids)}
    train, test = _rows(trial.split.train, position), _rows(trial.split.test, position)
    on_test = settings.select.on == "test"
    valid = test if on_test else _rows(trial.split.valid, position)
    parts = Parts(train, valid, test, shown(test, data.labels[test]))
    forget_peaks(setting.device)
    model = construct(trial, setting, train)
    done = fit(
        model,
        data,
        parts,
        settings,
        setting.ranking,
        seed=trial.seed,
        device=setting.device,
        precision=setting.precision,
        team=setting.team,
        checkpoint=checkpoint,
        advance=advance,
    )
    facts = {
        **_identity(trial),
        "corpus": _corpus_facts(setting.corpus, trial),
        **_picks(done, setting, data.labels[test].numpy()),
        "history": [_finite(asdict(e)) for e in done.history],
        "cost": _cost(model, setting.device, done.seconds + time.monotonic() - started),
        "provenance": _provenance(trial, setting, began),
    }
    picked = {pick: done.scores[number - 1] for pick, number in _numbers(done, setting).items()}
    return Outcome(
        facts=facts,
        test=_predicted(setting, data, test, picked),
        valid=None if on_test else _predicted(setting, data, valid, {"selected": done.valid}),
        insight=packed([data.ids[i] for i in parts.shown], done.before, done.after, done.fused),
        weights=save(done.weights) if settings.keep_weights else None,
    )


def _cost(model: Model, device: torch.device, seconds: float) -> dict[str, Json]:
    return {
        "seconds": round(seconds, 3),
        "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "memory": peaks(device),
    }


def _predicted(
    setting: Setting, data: ClipData, rows: Tensor, scores: Mapping[str, Scores]
) -> Predicted:
    clips = [setting.corpus.clips[row] for row in rows.tolist()]
    return Predicted(
        clips=[c.id for c in clips],
        speakers=[c.speaker for c in clips],
        labels=data.labels[rows].numpy(),
        scores=scores,
        groups=[c.group for c in clips],
        seconds=[setting.seconds.get(c.id) for c in clips],
    )


def clip_data(setting: Setting) -> ClipData:
    """The clips of a variant as tensors."""
    clips = setting.corpus.clips
    return ClipData(
        ids=tuple(c.id for c in clips),
        labels=torch.from_numpy(setting.corpus.target.array(clips)),
        ragged=dict(setting.inputs),
    )


def construct(trial: Trial, setting: Setting, train: Tensor) -> Model:
    """The untrained model of a trial; [B] `train` rows give the statistics to standardize by."""
    recipe = trial.variant.resolved.recipe
    scales = {}
    for name, spec in recipe.encoders.items():
        if spec.standardize:
            mean, std = setting.inputs[name].mean_and_std(train)
            scales[name] = (mean.float(), std.float())
    target = setting.corpus.target
    labels = target.array([setting.corpus.clips[row] for row in train.tolist()])
    start = target.scale(labels)
    return build(
        trial.variant.resolved,
        setting.dims,
        len(target.names),
        trial.seed,
        scales,
        target=target.kind,
        label_scale=None if start is None else _tensors(*start),
    )


def _tensors(mean: Any, spread: Any) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(mean).float(), torch.from_numpy(spread).float()


def _rows(clips: Sequence[str], position: Mapping[str, int]) -> Tensor:
    return torch.tensor([position[c] for c in clips], dtype=torch.long)


def _numbers(done: Fit, setting: Setting) -> dict[str, int]:
    """The epochs whose predictions are kept: the first of equals.

    What the recipe's rule picks, the last one, and the one that the test clips would have picked.
    """
    sign = 1 if setting.ranking.higher_is_better else -1
    by_test = max(done.history, key=lambda e: (_rank(sign * e.test), -e.number))
    return {"selected": done.selected, "last": len(done.history), "test_best": by_test.number}


def _rank(value: float) -> float:
    return -math.inf if math.isnan(value) else value


def _picks(done: Fit, setting: Setting, labels: Any) -> dict[str, Json]:
    return {
        "picks": {
            pick: {
                "epoch": number,
                "scores": _finite(score(setting.metrics, labels, done.scores[number - 1])),
            }
            for pick, number in _numbers(done, setting).items()
        }
    }


def _identity(trial: Trial) -> dict[str, Json]:
    recipe = trial.variant.resolved.recipe
    return {
        "key": trial.key,
        "recipe": recipe.name,
        "variant": trial.variant.name,
        "note": trial.variant.note,
        "fingerprint": trial.variant.resolved.fingerprint,
        "protocol": trial.protocol,
        "fold": trial.fold,
        "seed": trial.seed,
        "select": recipe.train.select.model_dump(mode="json"),
        "selected_on_test": recipe.selects_on_test,
        "held_out": list(trial.split.held_out),
        "clips": {
            "train": len(trial.split.train),
            "valid": 0 if recipe.selects_on_test else len(trial.split.valid),
            "test": len(trial.split.test),
        },
    }


def _corpus_facts(corpus: Corpus, trial: Trial) -> dict[str, Json]:
    return {
        "dataset": trial.variant.resolved.recipe.dataset.use,
        "name": trial.variant.resolved.recipe.dataset.corpus or corpus.card.corpus,
        "title": corpus.card.title,
        "licence": corpus.card.licence,
        "synthetic": corpus.card.synthetic,
        "target": corpus.target.kind,
        "classes": list(corpus.card.classes),
        "left_out": dict(corpus.left_out),
    }


def _provenance(trial: Trial, setting: Setting, began: datetime) -> dict[str, Json]:
    device = setting.device
    parts = trial.variant.resolved.parts
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "began": began.isoformat(timespec="seconds"),
        "device": f"{device.type} ({name})",
        "precision": setting.precision,
        "processes": setting.team.size,
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {p: version(p) for p in PACKAGES},
        "providers": {where: bound.entry.provider for where, bound in parts.items()},
        "pretrained_on": declared(trial.variant.resolved),
    }


def _finite(value: Json) -> Json:
    """JSON has no NaN: a score that does not exist is null."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
