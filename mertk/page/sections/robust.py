"""What bad, shifted and missing media cost a system, as far as `mertk robustness` has told."""

from collections.abc import Iterator
from math import isfinite

from mertk.amounts import number, spread
from mertk.page.blocks import Panels, Section, Tabled, Words
from mertk.page.figures import Picture, robustness
from mertk.page.gather import System
from mertk.report import Table, ends
from mertk.robustness.kept import Curve, read_robustness
from mertk.robustness.table import Line, Matrix


def robust(system: System) -> Section:
    """One table, and a curve for every condition of more than one level, by the first metric."""
    curves = read_robustness(system.kept.folder, system.kept.records)
    if curves is None:
        words = f"Not known; `mertk robustness {system.kept.folder}` finds out."
        return Section("Robustness", [Words(words)])
    known = {n: m for n, m in system.row.measures.items() if all(n in c.clean for c in curves)}
    if not known:
        return Section("Robustness", [Words("Not known by any metric of this page.")])
    name = next(iter(known))
    matrix = Matrix(curves, system.kept.records, known)
    header = ["condition", "level", name.upper(), "from clean", "95%", "area"]
    table = Table(header, [_cells(line) for line in matrix.lines(name)], left=("level",))
    blocks = [Tabled(table, f"{name.upper()} under every condition.", matrix.notes())]
    pictures = list(_pictures(curves, name))
    if not pictures:
        return Section("Robustness", blocks)
    caption = "From mild to severe: mean over trials within the range they span."
    return Section("Robustness", [*blocks, Panels(pictures, caption)])


def _cells(line: Line) -> list[str]:
    drop = None if line.drop is None else line.drop.interval
    lost = "-" if drop is None or drop.estimate is None else number(drop.estimate, sign=True)
    area = spread(line.area) if line.area else ""
    return [line.condition, line.level, spread(line.scores), lost, ends(drop, sign=True), area]


def _pictures(curves: list[Curve], name: str) -> Iterator[Picture]:
    for curve in (c for c in curves if len(c.levels) > 1):
        clean = [v for v in curve.clean[name] if isfinite(v)]
        yield robustness(
            curve.levels,
            {name.upper(): curve.by_trial(name)},
            unit=curve.unit or "level",
            clean={name.upper(): sum(clean) / len(clean)} if clean else {},
            label=name.upper(),
            title=curve.condition,
        )
