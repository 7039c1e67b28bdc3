"""Learning curves tell what was measured, and leave a gap where nothing was."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from mertk.page.blocks import Panels, Section, Words
from mertk.page.gather import System
from mertk.page.sections.inside import embedded, inside, learning
from mertk.records import INSIGHT
from tests.page.made import made_run, sorted_out


def epoch(number: int, loss: float | None, valid: float | None, test: float | None) -> dict:
    return {
        "number": number,
        "losses": {"emotion": loss, "mem": None},
        "lr": 0.1,
        "valid": valid,
        "test": test,
    }


def learned(root: Path, *history: dict, **facts: Any) -> System:
    picks = {pick: {"epoch": 1} for pick in ("selected", "last", "test_best")}
    made_run(root, "one", seeds=(0,), history=list(history), picks=picks, **facts)
    (board,) = sorted_out(root)
    return board.systems[0]


def pictures(system: System) -> list[str]:
    (panels,) = learning(system).blocks
    assert isinstance(panels, Panels)
    return [picture.alt for picture in panels.pictures]


def test_a_loss_that_is_no_number_is_a_gap_and_not_zero(tmp_path: Path) -> None:
    alts = pictures(learned(tmp_path, epoch(1, 4.0, 0.5, 0.5), epoch(2, None, 0.6, 0.5)))
    assert len(alts) == 2, "a loss without any number has no picture"
    assert "4" in alts[0]
    assert not re.search(r"\b0(\.0+)?\b", alts[0])


def test_where_test_clips_select_their_curve_bears_the_marks(tmp_path: Path) -> None:
    history = [epoch(n, 1.0, None, 0.2 * n) for n in (1, 2)]
    alts = pictures(learned(tmp_path, *history, selected_on_test=True))
    assert "validation" not in alts[-1]
    assert "test" in alts[-1]


def test_a_selected_epoch_without_a_score_is_not_marked(tmp_path: Path) -> None:
    alts = pictures(learned(tmp_path, epoch(1, 1.0, None, 0.3), epoch(2, 1.0, 0.4, 0.3)))
    assert "nan" not in alts[-1]


def test_without_one_number_there_are_words(tmp_path: Path) -> None:
    (words,) = learning(learned(tmp_path, epoch(1, None, None, None))).blocks
    assert words == Words("Not one loss or score is a number.")


@pytest.mark.parametrize("channels", [0, 1, 2])
def test_vectors_of_few_channels_have_a_map_too(channels: int) -> None:
    vectors = np.random.default_rng(0).normal(size=(12, channels)).astype(np.float32)
    assert embedded(vectors).shape == (12, 2)


def seen(root: Path, **kept: np.ndarray) -> list[Section]:
    """The sections of a system whose plugins left these pictures, of its first four clips."""
    made_run(root, "one", seeds=(0,))
    (board,) = sorted_out(root)
    system = board.systems[0]
    (record,) = [r for r in system.records if r.facts["fold"] == "fold1"]
    kept = {name.replace("_", "/"): values.astype(np.float32) for name, values in kept.items()}
    kept.setdefault("fused", np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32))
    save_file(kept, record.folder / INSIGHT, {"clips": json.dumps(record.clips[:4])})
    return inside(system, ())


def strange(fill: float) -> np.ndarray:
    return np.full((4, 4), fill)


@pytest.mark.parametrize("fill", [np.nan, np.inf])
def test_matrices_without_a_finite_number_are_told(tmp_path: Path, fill: float) -> None:
    made = {"before_sim_a_b": strange(fill), "after_sim_a_b": strange(fill)}
    sections = {s.title: s for s in seen(tmp_path, **made)}
    assert sections["Sim of a and b"].blocks == [Words("Not one of its numbers is finite.")]


def test_what_is_shared_as_attention_is_a_matrix_and_attention_without_numbers_is_left_out(
    tmp_path: Path,
) -> None:
    holes = np.where(np.eye(4) == 1, np.nan, 1e38)
    made = {
        "after_attention_a_b": holes,
        "after_attention_a_b_0": strange(np.nan),
        "after_attention_a_b_1": np.ones(3),
    }
    titles = [s.title for s in seen(tmp_path, **made)]
    assert "Attention of a and b" in titles
    assert "Attention over time" not in titles


def test_vectors_that_are_not_finite_have_no_map(tmp_path: Path) -> None:
    sections = {s.title: s for s in seen(tmp_path, fused=np.full((40, 3), np.inf))}
    told = Words("There is none: a fused vector is not finite.")
    assert sections["Map of the test clips"].blocks == [told]


@pytest.mark.parametrize("count", [10, 40])
def test_the_map_is_the_same_each_time_and_of_equal_clips_one_point(count: int) -> None:
    vectors = np.random.default_rng(0).normal(size=(count, 8)).astype(np.float32)
    np.testing.assert_array_equal(embedded(vectors), embedded(vectors))
    assert embedded(vectors).shape == (count, 2)
    assert not embedded(np.ones((count, 8), np.float32)).any()
