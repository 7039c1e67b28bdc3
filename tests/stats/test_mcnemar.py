from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mertk.stats import mcnemar
from tests.stats.making import one_hot


def pair(only_first, only_second, both=3, neither=2):
    """Labels, and the scores of one seed each."""
    first = [0] * only_first + [1] * only_second + [0] * both + [1] * neither
    second = [1] * only_first + [0] * only_second + [0] * both + [1] * neither
    return np.zeros(len(first), dtype=int), one_hot([first], 2), one_hot([second], 2)


def exact(b, c):
    """Two-sided p of the sign test, summed from its definition."""
    n = b + c
    tail = sum(comb(n, k) for k in range(min(b, c) + 1)) / 2**n
    return min(1.0, 2 * tail)


@given(st.integers(0, 60), st.integers(0, 60))
def test_it_is_the_exact_sign_test_on_discordant_clips(b, c):
    found = mcnemar(*pair(b, c))
    assert found.seeds[0][:2] == (b, c)
    assert found.p == pytest.approx(exact(b, c), abs=1e-12)


def test_a_worked_example():
    # b = 10, c = 2: 2 (1 + 12 + 66) / 4096
    assert mcnemar(*pair(10, 2)).p == pytest.approx(158 / 4096)


def test_clips_that_both_get_right_or_wrong_do_not_matter():
    assert mcnemar(*pair(7, 1, both=0, neither=1)).p == mcnemar(*pair(7, 1, both=99, neither=50)).p


def test_no_discordant_clip_is_p_one_and_told():
    found = mcnemar(*pair(0, 0))
    assert found.p == 1.0
    assert found.notes[1] == "no clip tells the systems apart with 1 of 1 seeds"


def stack(*counts):
    parts = [pair(b, 20 - b) for b in counts]
    return parts[0][0], *(np.concatenate([p[i] for p in parts]) for i in (1, 2))


def test_seeds_are_combined_by_the_middle_p():
    found = mcnemar(*stack(10, 17, 15))
    each = sorted(exact(b, 20 - b) for b in (10, 17, 15))
    assert found.p == pytest.approx(each[1] * 3 / 2)
    assert [s[:2] for s in found.seeds] == [(10, 10), (17, 3), (15, 5)]
    two = mcnemar(*stack(18, 10))
    assert two.p == pytest.approx(2 * exact(18, 2))


def test_of_seeds_that_agree_the_combination_is_cautious():
    single, five = exact(16, 4), mcnemar(*stack(*[16] * 5)).p
    assert five == pytest.approx(single * 5 / 3)


def test_combined_p_of_dependent_seeds_is_seldom_small_by_chance():
    random = np.random.default_rng(0)
    small = 0
    for _ in range(1000):
        common = random.random(60) < 0.5
        seeds = [np.where(random.random(60) < 0.7, common, random.random(60) < 0.5) for _ in "abc"]
        first = np.array(seeds).astype(int)
        found = mcnemar(np.zeros(60, dtype=int), one_hot(first, 2), one_hot(1 - first, 2))
        small += found.p < 0.05
    assert small <= 72  # binomial(1000, 0.05): 99.9 % lie below


@given(st.lists(st.integers(0, 20), min_size=1, max_size=4))
def test_swapping_the_systems_changes_no_p(counts):
    labels, first, second = stack(*counts)
    assert mcnemar(labels, first, second).p == mcnemar(labels, second, first).p


@pytest.mark.parametrize(
    ("labels", "first", "second"),
    [
        (np.zeros(3), np.zeros((1, 3, 2)), np.zeros((2, 3, 2))),
        (np.zeros(3), np.zeros((3, 2)), np.zeros((3, 2))),
        (np.zeros(4), np.zeros((1, 3, 2)), np.zeros((1, 3, 2))),
        (np.zeros(0), np.zeros((1, 0, 2)), np.zeros((1, 0, 2))),
        (np.zeros(3), np.zeros((0, 3, 2)), np.zeros((0, 3, 2))),
    ],
)
def test_what_does_not_fit_is_refused(labels, first, second):
    with pytest.raises(ValueError, match="first, second: "):
        mcnemar(labels, first, second)
