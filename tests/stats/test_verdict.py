from dataclasses import replace

import pytest

from mertk.stats import Difference, Interval, verdict

INTERVAL = Interval(0.02, 10, 3, True, low=0.01, high=0.03, error=0.005, df=9)
FOUND = Difference(INTERVAL, p=0.01, detectable=0.014)


@pytest.mark.parametrize(
    ("estimate", "higher", "said"),
    [
        (0.02, True, "better"),
        (-0.02, True, "worse"),
        (0.02, False, "worse"),
        (-0.02, False, "better"),
    ],
)
def test_a_difference_is_called_by_its_sign_and_the_metrics_direction(estimate, higher, said):
    found = replace(FOUND, interval=replace(INTERVAL, estimate=estimate))
    assert verdict(found, higher_is_better=higher) == said


@pytest.mark.parametrize(
    ("p", "said"), [(0.049, "better"), (0.05, "inside noise"), (1.0, "inside noise")]
)
def test_p_decides_whether_it_is_one(p, said):
    assert verdict(replace(FOUND, p=p), higher_is_better=True) == said


def test_a_p_corrected_for_the_family_goes_before_its_own():
    assert verdict(FOUND, higher_is_better=True, p=0.08) == "inside noise"
    assert verdict(FOUND, higher_is_better=True, p=0.08, alpha=0.1) == "better"


def test_without_a_p_nothing_is_decided():
    assert verdict(replace(FOUND, p=None), higher_is_better=True) == "undecided"


def test_what_leaves_training_out_can_only_be_inside_noise():
    found = replace(FOUND, interval=replace(INTERVAL, covers_training=False))
    assert verdict(found, higher_is_better=True) == "undecided"
    assert verdict(replace(found, p=0.4), higher_is_better=True) == "inside noise"
