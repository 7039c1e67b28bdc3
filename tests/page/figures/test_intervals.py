"""Rows, dots, intervals and lines are where the numbers say."""

import numpy as np
import pytest

from mertk.page.figures import Bar, Part, intervals, slices
from tests.page.figures.reading import line, marked, places, texts, written

ROWS = [Bar("a", 0.2, 0.1, 0.4), Bar("b", 0.6, 0.5, 0.7), Bar("c", 0.8, 0.6, 0.9)]


def test_dots_and_intervals_are_on_one_scale_in_the_order_given() -> None:
    picture = intervals(ROWS, label="UA")
    dots = [places(dot)[0] for dot in marked(picture, "dot")]
    bars = [line(bar) for bar in marked(picture, "interval")]
    values = [v for r in ROWS for v in (r.estimate, r.low, r.high)]
    shown = [x for (x, _), bar in zip(dots, bars, strict=True) for x in (x, bar[0][0], bar[1][0])]
    slope, start = np.polyfit(values, shown, 1)
    assert slope > 0
    assert shown == pytest.approx([start + slope * v for v in values], abs=0.01)
    assert [y for _, y in dots] == sorted(y for _, y in dots)
    assert written(picture, "name") == ["a", "b", "c"]
    assert written(picture, "value") == ["0.200", "0.600", "0.800"]


def test_the_text_names_the_highest_and_the_lowest() -> None:
    alt = intervals(ROWS, label="UA", lines={"chance": 0.25}).alt
    assert alt == (
        "UA, 3 rows; highest c 0.800 (0.600 to 0.900); lowest a 0.200 (0.100 to 0.400); "
        "lines at chance 0.250."
    )


def test_a_line_stands_at_its_number_and_in_the_legend() -> None:
    picture = intervals(ROWS, label="UA", lines={"people": 0.6, "unknown": float("nan")})
    (x, _), _ = line(marked(picture, "line")[0])
    assert x == pytest.approx(places(marked(picture, "dot")[1])[0][0], abs=0.01)
    assert "people 0.600" in texts(picture)
    assert not any("unknown" in text for text in texts(picture))


def test_a_difference_whose_interval_holds_0_is_hollow() -> None:
    rows = [Bar("same", 0.01, -0.02, 0.04), Bar("better", 0.03, 0.01, 0.05), Bar("odd", -0.02)]
    picture = intervals(rows, label="difference", zero=True)
    assert (len(marked(picture, "hollow")), len(marked(picture, "dot"))) == (1, 2)
    assert len(marked(picture, "zero")) == 1
    assert written(picture, "value") == ["+0.010", "+0.030", "−0.020"]
    assert "1 wholly above 0, 0 wholly below" in picture.alt


def test_a_row_without_a_value_says_so() -> None:
    picture = intervals([*ROWS, Bar("failed", None), Bar("lost", float("nan"))], label="UA")
    assert len(marked(picture, "dot")) == 3
    assert written(picture, "value")[3:] == ["–", "–"]
    assert "without a value: failed, lost" in picture.alt


def test_rows_without_any_value_are_still_rows() -> None:
    picture = intervals([Bar("failed", None)], label="UA")
    assert not marked(picture, "dot")
    assert picture.alt == "UA, 1 row; without a value: failed."


@pytest.mark.parametrize("value", [0.0, 0.5, 1e-12, 1e9])
def test_a_single_row_has_a_scale(value: float) -> None:
    assert len(marked(intervals([Bar("a", value)], label="UA"), "dot")) == 1


def test_no_row_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        intervals([], label="UA")


def test_thirty_rows_do_not_overlap() -> None:
    rows = [Bar(f"row {i}", i / 30) for i in range(30)]
    ys = [places(dot)[0][1] for dot in marked(intervals(rows, label="UA"), "dot")]
    assert min(np.diff(ys)) >= 20


def test_slices_tell_their_clips_and_mark_the_worst() -> None:
    rows = [Part("f", 0.7, 0.6, 0.8, clips=240), Part("m", 0.5, 0.4, 0.6, clips=236)]
    picture = slices(rows, label="UA", worst="m", lines={"all clips": 0.6})
    assert written(picture, "value") == ["0.700", "0.500", "240", "236"]
    fills = [
        "--bad" in use.attrib["style"]
        for d in marked(picture, "dot")
        for use in d.iter()
        if "x" in use.attrib
    ]
    assert fills == [False, True]
    assert "marked as worst: m" in picture.alt
