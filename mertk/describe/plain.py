"""A description as JSON: what does not exist is null, and nothing is NaN."""

import math
from dataclasses import asdict
from typing import Any

from mertk.describe.slices import Slice, Slicing
from mertk.describe.whole import Calibration, Description

Json = Any


def as_json(description: Description) -> dict[str, Json]:
    """The whole description as one object."""
    tempered = description.tempered
    return {
        "trials": description.trials,
        "classes": [asdict(figures) for figures in description.classes],
        "confusion": description.confusion.tolist(),
        "calibration": _calibration(description.calibration),
        "temperatures": [asdict(t) for t in description.temperatures],
        "tempered": None if tempered is None else _calibration(tempered),
        "untempered": description.untempered,
        "slices": [_slicing(slicing) for slicing in description.slices],
    }


def _calibration(calibration: Calibration) -> dict[str, Json]:
    curve = calibration.reliability
    return {
        "ece": curve.ece,
        "cross_entropy": calibration.cross_entropy,
        "edges": curve.edges.tolist(),
        "clips": curve.clips.tolist(),
        "confidence": [_or_null(v) for v in curve.confidence.tolist()],
        "accuracy": [_or_null(v) for v in curve.accuracy.tolist()],
    }


def _slicing(slicing: Slicing) -> dict[str, Json]:
    return {
        "by": slicing.by,
        "slices": [_slice(s) for s in slicing.slices],
        "worst": slicing.worst.name if slicing.worst else None,
        "note": slicing.note,
    }


def _slice(this: Slice) -> dict[str, Json]:
    return {
        "name": this.name,
        "clips": this.clips,
        "predictions": len(this.rows),
        "classes": list(this.classes),
        "ua": this.ua,
        "wa": this.wa,
    }


def _or_null(value: float) -> float | None:
    return None if math.isnan(value) else value
