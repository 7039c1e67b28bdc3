"""Scores in tables: mean and spread, and nothing where there is none."""

import math

import pytest

from mertk.report import spread


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([0.5], "0.500"),
        ([0.4, 0.6], "0.500 ± 0.141"),
        ([], "-"),
        ([0.5, math.nan], "-"),
        ([math.inf], "-"),
    ],
)
def test_a_spread_is_mean_and_sample_deviation(values: list[float], told: str) -> None:
    assert spread(values) == told


def test_a_difference_bears_its_sign() -> None:
    assert spread([0.1, 0.3], sign=True) == "+0.200 ± 0.141"
    assert spread([-0.1], sign=True) == "-0.100"
