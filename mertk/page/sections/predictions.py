"""What the test predictions of a system say beyond its scores."""

from collections.abc import Iterator

from mertk.amounts import number
from mertk.contracts import Metric
from mertk.describe.margins import margins
from mertk.describe.slices import Slicing, shared
from mertk.describe.whole import Description, describe
from mertk.page.blocks import Block, Panels, Section, Tabled, Words
from mertk.page.figures import Part, confusion, reliability, slices
from mertk.page.gather import System
from mertk.pooled import pool
from mertk.report import Table, ends
from mertk.stats import Interval

MOST_SLICES = 40
"""Rows of a table and of a picture; a corpus with more speakers shows the worst ones."""


def predicted(system: System) -> list[Section]:
    """Classes, calibration and slices of one system's predictions, pooled over its trials."""
    found = describe(system.records)
    return [_classes(found), _calibration(found), _slices(system, found)]


def _classes(found: Description) -> Section:
    cells = [
        [c.name, str(c.clips), str(c.predicted), _told(c.recall), _told(c.precision), _told(c.f1)]
        for c in found.classes
    ]
    table = Table(["class", "clips", "predicted", "recall", "precision", "F1"], cells)
    note = (
        f"counts are of predictions, over {found.trials} trials; - where there is nothing to count"
    )
    names = [c.name for c in found.classes]
    picture = confusion(found.confusion, names)
    return Section(
        "Classes",
        [
            Tabled(table, "What becomes of each class.", [note]),
            Panels([picture], "Share of each true class (row) that is predicted as each class."),
        ],
    )


def _told(value: float | None) -> str:
    return "-" if value is None else number(value)


def _calibration(found: Description) -> Section:
    curves = {"as trained": found.calibration.reliability}
    rows = [("as trained", found.calibration)]
    blocks: list[Block] = []
    if found.tempered is not None:
        curves["at its temperature"] = found.tempered.reliability
        rows.append(("at its temperature", found.tempered))
        values = sorted(t.value for t in found.temperatures)
        at_limit = sum(t.at_limit for t in found.temperatures)
        blocks.append(
            Words(
                "One temperature per trial, fitted on its validation clips only: "
                f"{values[0]:.2f} to {values[-1]:.2f}; above 1 the model was too sure."
                + (f" {at_limit} lie at the limit and are no measurement." if at_limit else "")
            )
        )
    else:
        blocks.append(Words(f"No temperature was fitted: {found.untempered}."))
    cells = [[name, number(c.reliability.ece), number(c.cross_entropy)] for name, c in rows]
    table = Table(["probabilities", "ECE", "cross-entropy"], cells)
    return Section(
        "Calibration",
        [
            Tabled(table, "How far probabilities can be believed; 0 is best."),
            Panels(
                [reliability(curves)], "How often the predicted class is right, by its probability."
            ),
            *blocks,
        ],
    )


def _slices(system: System, found: Description) -> Section:
    metric = next(iter(system.row.measures))
    values = shared(system.records)
    parts = [
        Section(f"By {each.by}", list(_slicing(system, each, values[each.by], metric)))
        for each in found.slices
    ]
    words = "Scores of the clips that share something, as if there were no others."
    return Section("Slices", [Words(words)], parts)


def _slicing(
    system: System, slicing: Slicing, values: dict[str, str], name: str
) -> Iterator[Block]:
    if len(slicing.slices) == 1:
        yield Words(f"{slicing.note[:1].upper()}{slicing.note[1:]}.")
        return
    metric: Metric = system.row.measures[name]
    pooled = pool(system.kept.records)
    scored = margins(slicing, values, pooled, metric) if pooled else {}
    worst_first = sorted(slicing.slices, key=lambda s: s.ua)[:MOST_SLICES]
    shown = [s for s in slicing.slices if s in worst_first]
    cells = [[s.name, str(s.clips), *_scored(scored.get(s.name)), number(s.wa)] for s in shown]
    header = [slicing.by, "clips", name.upper(), "95%", "accuracy"]
    worst = slicing.worst.name if slicing.worst else None
    told = [f"worst: {worst}"] if worst else []
    if len(shown) < len(slicing.slices):
        told.append(f"the {len(shown)} with the least UA, of {len(slicing.slices)}")
    yield Tabled(
        Table(header, cells),
        f"Scores by {slicing.by}.",
        [*told, *([slicing.note] * bool(slicing.note))],
    )
    parts = [_part(s.name, s.clips, scored.get(s.name)) for s in shown]
    overall = system.row.intervals.get(name)
    lines = {"all clips": overall.estimate} if overall and overall.estimate is not None else {}
    picture = slices(parts, label=name.upper(), worst=worst, lines=lines)
    bounded = any(part.low is not None for part in parts)
    caption = f"{name.upper()} by {slicing.by}" + (", with 95% intervals." if bounded else ".")
    yield Panels([picture], caption)


def _scored(found: Interval | None) -> list[str]:
    if found is None or found.estimate is None:
        return ["-", "-"]
    return [number(found.estimate), ends(found)]


def _part(name: str, clips: int, found: Interval | None) -> Part:
    if found is None:
        return Part(name, None, clips=clips)
    return Part(name, found.estimate, found.low, found.high, clips=clips)
