"""Trials side by side: the clips, folds and seeds that all systems share."""

from pathlib import Path

import numpy as np
import pytest

from mertk.errors import MertkError
from mertk.pooled import pool
from mertk.records import PICKS
from tests.results_made import CLASSES, FOLDS, LABELS, SPEAKERS, keep, scores, system


def test_clips_of_all_folds_stand_once_per_seed(tmp_path: Path) -> None:
    trials = system(tmp_path, 0.8)
    pooled = pool(trials)
    assert pooled is not None
    assert pooled.folds == ("fold1", "fold2", "fold3")
    assert pooled.seeds == (0, 1)
    (said,) = pooled.scores
    assert said.shape == (2, FOLDS * len(LABELS), CLASSES)
    assert np.array_equal(pooled.design.labels, np.tile(LABELS, FOLDS))
    assert pooled.design.cluster_count == FOLDS * SPEAKERS
    for place, fold in enumerate(pooled.folds):
        rows = slice(place * len(LABELS), (place + 1) * len(LABELS))
        assert np.array_equal(said[1, rows], trials[fold, 1].predictions()[1])


def test_a_fold_that_a_seed_lacks_is_in_no_statistic_and_named(tmp_path: Path) -> None:
    trials, other = system(tmp_path / "a", 0.8), system(tmp_path / "b", 0.6)
    del trials["fold2", 1]
    pooled = pool(trials, other)
    assert pooled is not None
    assert pooled.folds == ("fold1", "fold3")
    assert set(pooled.left_out) == {("fold2", 0), ("fold2", 1)}


def test_systems_that_share_no_trial_have_nothing_to_pool(tmp_path: Path) -> None:
    a = system(tmp_path / "a", 0.8, seeds=(0,))
    assert pool(a, system(tmp_path / "b", 0.8, seeds=(1,))) is None
    assert pool({}) is None


def test_clips_whose_speaker_nobody_knows_are_not_one_cluster(tmp_path: Path) -> None:
    nobody = [""] * len(LABELS)
    picked = dict.fromkeys(PICKS, scores(0.5, 0))
    pooled = pool({("fold1", 0): keep(tmp_path, 1, 0, picked, who=nobody)})
    assert pooled is not None
    assert pooled.design.cluster_count == len(LABELS)


def test_another_number_of_classes_is_refused(tmp_path: Path) -> None:
    fewer = dict.fromkeys(PICKS, np.full((len(LABELS), 5), 0.2, np.float32))
    one = keep(tmp_path / "a", 1, 0, dict.fromkeys(PICKS, scores(0.7, 0)))
    other = keep(tmp_path / "b", 1, 0, fewer)
    with pytest.raises(MertkError, match="were not scored on the same clips"):
        pool({("fold1", 0): one}, {("fold1", 0): other})


def test_other_labels_of_the_same_fold_are_refused_with_both_folders(tmp_path: Path) -> None:
    picked = dict.fromkeys(PICKS, scores(0.5, 0))
    one = keep(tmp_path / "a", 1, 0, picked)
    other = keep(tmp_path / "b", 1, 0, picked, labels=(LABELS + 1) % CLASSES)
    with pytest.raises(MertkError, match=r"a/fold1.* and .*b/fold1.* were not scored on the same"):
        pool({("fold1", 0): one}, {("fold1", 0): other})
