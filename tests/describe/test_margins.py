"""Intervals of slices: the same as if a slice's clips were all there is."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from mertk.describe.margins import margins
from mertk.describe.slices import shared
from mertk.describe.whole import describe
from mertk.pooled import pool
from mertk_plugins.metrics.ua import UA
from tests.results_made import system


def test_a_slice_has_the_score_and_interval_of_its_clips_alone(tmp_path: Path) -> None:
    trials = system(tmp_path, 0.7)
    records = list(trials.values())
    pooled = pool(trials)
    assert pooled is not None
    values = shared(records)
    (gender,) = [s for s in describe(records).slices if s.by == "gender"]
    found = margins(gender, values["gender"], pooled, UA())
    assert set(found) == {"female", "male"}
    for each in gender.slices:
        own = np.array([values["gender"][clip] == each.name for clip in pooled.clips])
        by_seed = [
            balanced_accuracy_score(pooled.design.labels[own], said[own].argmax(1))
            for said in pooled.scores[0]
        ]
        interval = found[each.name]
        assert interval.estimate == pytest.approx(np.mean(by_seed))
        assert interval.clusters == 6, "each speaker of three folds is of one gender"
        assert interval.low is not None
        assert interval.low < interval.estimate < interval.high


def test_a_slice_of_one_speaker_says_why_it_has_no_interval(tmp_path: Path) -> None:
    trials = system(tmp_path, 0.7, seeds=(0,))
    records = list(trials.values())
    pooled = pool(trials)
    assert pooled is not None
    (speaker,) = [s for s in describe(records).slices if s.by == "speaker"]
    found = margins(speaker, shared(records)["speaker"], pooled, UA())
    assert len(found) == 12
    assert all(i.low is None and i.reason for i in found.values())
