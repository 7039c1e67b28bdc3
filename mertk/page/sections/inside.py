"""How a system learned, and what goes on inside it."""

from collections.abc import Iterator, Sequence
from itertools import chain
from math import isfinite

import numpy as np
from numpy.typing import NDArray
from sklearn.manifold import TSNE

from mertk.amounts import spread
from mertk.page.blocks import Block, Panels, Section, Tabled, Words
from mertk.page.figures import Picture, attention, curves, matrix, scatter
from mertk.page.figures.heat import ends
from mertk.page.gather import System
from mertk.records import Insight, Record
from mertk.report import Table

PAIR = 2
"""Strokes in the name of what is kept of pairs of clips; that of one clip's attention has more."""
FEWEST = 10
"""Clips below which there is no map."""
NEIGHBOURS = 30
NO_CURVE = "Not one loss or score is a number."


def inside(system: System, clips: Sequence[str]) -> list[Section]:
    """Learning curves, and pictures of one trial's model.

    Args:
        system: The system.
        clips: Whose attention is shown, of those that were looked at; the first of each class
            where none is named.
    """
    record = system.records[0]
    seen = record.insight()
    parts = [learning(system)]
    if seen is None:
        return parts
    where = f"of the trial {record.facts['fold']}, seed {record.facts['seed']}"
    pairs = _pairs(system, record, seen, where) if names_classes(record) else []
    return [*parts, *pairs, *_seen(record, seen, clips, where)]


def learning(system: System) -> Section:
    """Every loss over the epochs, and the metric that selects."""
    histories = [record.facts["history"] for record in system.records]
    names = list(dict.fromkeys(n for h in histories for epoch in h for n in epoch["losses"]))
    pictures = [
        curves(
            {name: [[_number(e["losses"].get(name)) for e in h] for h in histories]},
            label=name,
            title=f"{name} loss",
        )
        for name in names
        if any(isfinite(_number(e["losses"].get(name))) for h in histories for e in h)
    ]
    pictures += _selecting(system)
    words = (
        "Mean over trials within the range they span. Losses are means over training batches, "
        "unweighted; total is what was minimised. Marked: the epoch that was selected."
    )
    return Section("Learning curves", [Panels(pictures, words) if pictures else Words(NO_CURVE)])


def _selecting(system: System) -> Iterator[Picture]:
    """The metric that selects, on the clips that select and on the test clips."""
    facts = [record.facts for record in system.records]
    chosen = [f["picks"]["selected"]["epoch"] for f in facts]
    by = facts[0]["select"]["by"].upper()
    told = {
        name: [[_number(epoch[key]) for epoch in f["history"]] for f in facts]
        for name, key in (("validation", "valid"), ("test", "test"))
    }
    series = {name: trials for name, trials in told.items() if any(map(isfinite, chain(*trials)))}
    if series:
        # Of trials that were selected on test there is no validation; the test clips' curve is it.
        marked = next(iter(series))
        known = [
            epoch if isfinite(trial[epoch - 1]) else None
            for epoch, trial in zip(chosen, series[marked], strict=True)
        ]
        yield curves(series, label=by, marks={marked: known}, title=f"{by} after each epoch")


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _pairs(system: System, record: Record, seen: Insight, where: str) -> Iterator[Section]:
    """Matrices that a task shared about two streams, before training and after."""
    classes = record.facts["corpus"]["classes"]
    labels = _labels(record, seen.clips)
    for name in (n for n in seen.after if n.count("/") == PAIR):
        what, first, second = name.split("/")
        moments = {"before training": seen.before, "at the selected epoch": seen.after}
        known = {t: m[name] for t, m in moments.items() if name in m and _drawable(m[name])}
        title = f"{what.capitalize()} of {first} and {second}"
        if not known:
            yield Section(title, [Words("Not one of its numbers is finite.")])
            continue
        limits = ends(np.concatenate([m.astype(np.float64).ravel() for m in known.values()]))
        pictures = [
            matrix(m, labels, classes, title=at, limits=limits, axes=(first, second), label=what)
            for at, m in known.items()
        ]
        caption = (
            f"{what.capitalize()} of {first} (rows) and {second} (columns), test clips class by "
            f"class, {where}."
        )
        yield Section(title, [Panels(pictures, caption), *_gaps(system, name)])


def _drawable(values: NDArray[np.float32]) -> bool:
    """Whether it is a matrix with a number in it: a plugin made it."""
    return values.ndim == 2 and bool(np.isfinite(values).any())


def _gaps(system: System, name: str) -> Iterator[Block]:
    """By how much pairs of one class are above pairs of two, over all trials."""
    found: dict[str, list[float]] = {"before training": [], "at the selected epoch": []}
    for record in system.records:
        seen = record.insight()
        if seen is None or name not in seen.before or name not in seen.after:
            continue
        labels = np.array(_labels(record, seen.clips))
        same = labels[:, None] == labels[None, :]
        for moment, matrices in zip(found, (seen.before, seen.after), strict=True):
            values = matrices[name].astype(np.float64)
            if same.all():
                continue
            exists = bool(np.isfinite(values).all())
            gap = values[same].mean() - values[~same].mean() if exists else np.nan
            found[moment].append(float(gap))
    if not all(found.values()):
        return
    cells = [[moment, spread(gaps), str(len(gaps))] for moment, gaps in found.items()]
    table = Table(["model", "same class minus other class", "trials"], cells)
    yield Tabled(table, "Mean over pairs of test clips that show one emotion, less that of others.")


def _labels(record: Record, clips: Sequence[str]) -> list[int]:
    label = dict(zip(record.clips, record.predictions()[0].tolist(), strict=True))
    return [label[clip] for clip in clips]


def _seen(record: Record, seen: Insight, clips: Sequence[str], where: str) -> Iterator[Section]:
    if len(seen.fused) >= FEWEST and (names_classes(record) or any(record.speakers)):
        yield _map(record, seen, where)
    pictures = list(_attention(record, seen, clips))
    if pictures:
        caption = f"Weights of the fusion's last layer, averaged over heads, {where}."
        yield Section("Attention over time", [Panels(pictures, caption)])


def _map(record: Record, seen: Insight, where: str) -> Section:
    title = "Map of the test clips"
    if not np.isfinite(seen.fused).all():
        return Section(title, [Words("There is none: a fused vector is not finite.")])
    points = embedded(seen.fused)
    pictures = []
    if names_classes(record):
        classes = record.facts["corpus"]["classes"]
        emotions = [classes[i] for i in record.predictions()[0].tolist()]
        pictures.append(scatter(points, emotions, title="by emotion", order=classes))
    speakers = record.speakers
    if any(speakers):
        pictures.append(scatter(points, [s or "(unknown)" for s in speakers], title="by speaker"))
    words = (
        f"Fused vectors of the test clips {where}, in two dimensions (t-SNE): neighbours are "
        "alike, distances between groups mean nothing."
    )
    return Section(title, [Panels(pictures, words)])


def embedded(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """[B, C] vectors as [B, 2] points.

    Source: van der Maaten and Hinton, "Visualizing Data using t-SNE", JMLR 2008.
    """
    if np.ptp(vectors, axis=0).max(initial=0) == 0:  # all clips are one point
        return np.zeros((len(vectors), 2), np.float32)
    vectors = np.pad(vectors, ((0, 0), (0, max(0, 2 - vectors.shape[1]))))
    perplexity = min(NEIGHBOURS, (len(vectors) - 1) / 3)
    made = TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(vectors)
    return np.asarray(made, np.float32)


def _attention(record: Record, seen: Insight, clips: Sequence[str]) -> Iterator[Picture]:
    titles = _titles(record)
    seconds = dict(zip(record.clips, record.seconds, strict=True))
    for name in (n for n in sorted(seen.after, key=_by_clip) if n.count("/") == PAIR + 1):
        _, stream, other, place = name.split("/")
        clip, weights = seen.clips[int(place)], seen.after[name]
        if not _drawable(weights) or weights.shape[1] == 1 or (clips and clip not in clips):
            continue  # the only step there is bears all of the weight
        length = seconds[clip]
        both = None if length is None else (length, length)
        yield attention(weights, stream=stream, other=other, seconds=both, title=titles[clip])


def _titles(record: Record) -> dict[str, str]:
    """By clip, its name, and where it has a class that class and the predicted one."""
    if not names_classes(record):
        return {clip: clip for clip in record.clips}
    classes = record.facts["corpus"]["classes"]
    labels, scores = record.predictions()
    each = zip(record.clips, labels.tolist(), scores.argmax(1).tolist(), strict=True)
    return {clip: f"{clip}: {classes[own]}, predicted {classes[said]}" for clip, own, said in each}


def names_classes(record: Record) -> bool:
    """Whether one class per clip is predicted, and no numbers or several labels."""
    return bool(record.facts["corpus"].get("target", "classes") == "classes")


def _by_clip(name: str) -> tuple[int, str]:
    place = name.rpartition("/")[2]
    return (int(place) if place.isdigit() else 0, name)
