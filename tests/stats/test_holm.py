from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mertk.stats import holm

PROBABILITIES = st.lists(st.floats(0, 1), min_size=1, max_size=7)


def closed(values):
    """Holm from its principle: the worst Bonferroni p of all families that a test stands in."""
    places = range(len(values))
    families = [f for size in range(1, len(values) + 1) for f in combinations(places, size)]
    bonferroni = {f: min(1.0, len(f) * min(values[i] for i in f)) for f in families}
    return [max(p for f, p in bonferroni.items() if i in f) for i in places]


@given(PROBABILITIES)
def test_it_is_the_closure_of_bonferroni(values):
    assert holm(values) == pytest.approx(closed(values))


def test_a_worked_example():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(PROBABILITIES)
def test_it_keeps_the_order_and_never_makes_p_smaller(values):
    adjusted = holm(values)
    assert all(a >= p for a, p in zip(adjusted, values, strict=True))
    assert max(adjusted) <= 1
    pairs = sorted(zip(values, adjusted, strict=True))
    assert [a for _, a in pairs] == sorted(adjusted)


@given(PROBABILITIES, st.randoms())
def test_the_order_of_comparisons_does_not_matter(values, random):
    order = list(range(len(values)))
    random.shuffle(order)
    adjusted = holm(values)
    assert holm([values[i] for i in order]) == [adjusted[i] for i in order]


def test_equal_values_stay_equal():
    assert holm([0.02, 0.02, 0.02]) == pytest.approx([0.06, 0.06, 0.06])


def test_a_comparison_without_p_counts_in_the_family():
    assert holm([0.01, None, 0.04]) == [pytest.approx(0.03), None, pytest.approx(0.08)]


def test_one_comparison_is_left_as_it_is_and_none_is_nothing():
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


@pytest.mark.parametrize("wrong", [-0.1, 1.5, float("nan")])
def test_what_is_no_probability_is_refused(wrong):
    with pytest.raises(ValueError, match=rf"values: a p lies between 0 and 1 \({wrong}\)"):
        holm([0.5, wrong])
