import numpy as np
import pytest

from mertk.stats import design
from mertk.stats.design import BLOCK, weightings

LABELS = np.array([0, 1, 1, 0, 2, 2])
SPEAKERS = ["anna", "anna", "bert", "bert", "cleo", "cleo"]


def test_names_of_clusters_and_folds_may_be_anything():
    clips = design(LABELS, SPEAKERS, [1, 1, 2, 2, 2, 2])
    assert clips.clusters.tolist() == [0, 0, 1, 1, 2, 2]
    assert (clips.cluster_count, clips.fold_count) == (3, 2)


def test_without_folds_there_is_one():
    assert design(LABELS, SPEAKERS).fold_count == 1


def test_folds_join_the_clusters_they_hold():
    joined = design(LABELS, SPEAKERS, list("xxyyyy")).joined()
    assert joined is not None
    assert joined.clusters.tolist() == [0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize("folds", [None, list("xyxyxy"), list("xxxxxx")])
def test_nothing_joins_with_one_fold_or_with_clusters_across_folds(folds):
    assert design(LABELS, SPEAKERS, folds).joined() is None


@pytest.mark.parametrize(
    ("labels", "clusters", "folds", "message"),
    [
        (LABELS[:0], [], None, r"labels: there is no clip \(got 0\)"),
        (LABELS, SPEAKERS[:5], None, "clusters: 5 names for 6 clips; each clip needs one"),
        (LABELS, SPEAKERS, ["x"], "folds: 1 names for 6 clips"),
    ],
)
def test_what_does_not_fit_is_refused(labels, clusters, folds, message):
    with pytest.raises(ValueError, match=message):
        design(labels, clusters, folds)


def test_each_replicate_draws_as_many_clusters_as_there_are():
    drawn = np.concatenate(list(weightings(7, 2 * BLOCK + 1, seed=0)))
    assert drawn.shape == (2 * BLOCK + 1, 7)
    assert (drawn.sum(1) == 7).all()


def test_draws_are_multinomial():
    drawn = np.concatenate(list(weightings(5, 20_000, seed=0)))
    # mean 1, variance 1 - 1/C, covariance -1/C; standard errors below 0.012
    assert np.allclose(drawn.mean(0), 1, atol=0.04)
    expected = np.eye(5) - 1 / 5
    assert np.allclose(np.cov(drawn.T), expected, atol=0.05)


def test_draws_depend_on_the_seed_alone():
    first, again, other = (next(weightings(9, 50, seed)) for seed in (3, 3, 4))
    assert (first == again).all()
    assert (first != other).any()


def test_weightings_that_lack_a_class_are_counted():
    clips = design(LABELS, SPEAKERS)
    weights = np.array([[1, 1, 1], [3, 0, 0], [0, 0, 3], [1, 0, 2]], dtype=float)
    assert clips.classes_missing(weights) == 2


def test_targets_that_are_no_classes_lack_none():
    clips = design(LABELS.astype(float), SPEAKERS)
    assert clips.classes_missing(np.array([[3.0, 0, 0]])) == 0
