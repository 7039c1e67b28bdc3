"""Predictions are described as far as there is something to count."""

from pathlib import Path

import numpy as np

from mertk.page.blocks import Panels, Tabled
from mertk.page.sections.predictions import predicted
from mertk.records import PICKS
from tests.page.made import made_run, shown, sorted_out
from tests.results_made import CLASSES, LABELS, keep


def test_classes_that_are_never_predicted_have_no_precision(tmp_path: Path) -> None:
    always = np.where(np.arange(CLASSES) == 2, 0.7, 0.1)[None].repeat(len(LABELS), 0)
    keep(tmp_path / "one/0", 1, 0, dict.fromkeys(PICKS, always.astype(np.float32)))
    (board,) = sorted_out(tmp_path)
    classes, calibration, slices = predicted(board.systems[0])
    table = classes.blocks[0]
    assert isinstance(table, Tabled)
    assert [row[2] for row in table.table.cells] == ["0", "0", "40", "0"]
    assert [row[4] for row in table.table.cells] == ["-", "-", ".250", "-"]
    assert calibration.title == "Calibration"
    assert [part.title for part in slices.parts] == ["By speaker", "By gender", "By length"]
    assert "</html>" in shown(tmp_path), "one trial of one fold makes a page"


def test_intervals_are_promised_only_where_there_are_some(tmp_path: Path) -> None:
    made_run(tmp_path, "one")
    (board,) = sorted_out(tmp_path)
    for part in predicted(board.systems[0])[2].parts:
        table, panels = part.blocks
        assert isinstance(table, Tabled)
        assert isinstance(panels, Panels)
        found = any(row[3] != "-" for row in table.table.cells)
        assert ("95%" in panels.caption) is found
