"""What bad media cost is on the page where it was found out."""

from dataclasses import replace
from pathlib import Path

from mertk.page.blocks import Panels, Tabled, Words
from mertk.page.sections.robust import robust
from mertk.robustness.condition import Condition
from mertk.robustness.kept import write_level
from mertk_plugins.metrics.ua import UA
from tests.page.made import made_run, sorted_out
from tests.results_made import LABELS, scores

BAND = Condition("band", "nothing above a frequency", "Hz", (4000.0, 500.0))
GONE = Condition("without audio", "no clip has audio", "", (1.0,))


def test_every_level_has_its_row_and_a_condition_of_several_its_curve(tmp_path: Path) -> None:
    made_run(tmp_path, "one", 0.9)
    (board,) = sorted_out(tmp_path)
    (system,) = board.systems
    for condition in (BAND, GONE):
        for record in system.records:
            for level in condition.levels:
                said = scores(0.5, seed=1)
                found = {"ua": UA()(LABELS, said)}
                clean = {"ua": UA()(LABELS, record.predictions()[1])}
                facts = {"key": "k", "clean": clean, "scores": found}
                write_level(record, condition, level, said, facts)
    tabled, panels = robust(system).blocks
    assert isinstance(tabled, Tabled)
    assert isinstance(panels, Panels)
    assert [row[0] for row in tabled.table.cells if row[0]] == ["band", "without audio"]
    assert len(tabled.table.cells) == 3
    assert all(row[3].startswith("-.") for row in tabled.table.cells), "every level costs"
    (picture,) = panels.pictures
    assert ">4000<" in picture.svg
    assert tabled.caption.startswith("UA "), "WA is on the page, but was not kept with robustness"
    unlike = replace(system, row=replace(system.row, measures={"wa": system.row.measures["wa"]}))
    assert robust(unlike).blocks == [Words("Not known by any metric of this page.")]


def test_where_nobody_has_looked_the_command_is_told(tmp_path: Path) -> None:
    folder = made_run(tmp_path, "one")
    (board,) = sorted_out(tmp_path)
    (words,) = robust(board.systems[0]).blocks
    assert words.text == f"Not known; `mertk robustness {folder}` finds out."
