"""Numbers, counts and sizes as people read them."""

import pytest

from mertk.amounts import counted, few, mean, number, probability, sized, spread


@pytest.mark.parametrize(
    ("value", "sign", "told"),
    [
        (0.8124, False, ".812"),
        (-0.02, True, "-.020"),
        (0.0, True, "+.000"),
        (0.9999, False, "1.000"),
        (1.5, False, "1.500"),
        (10.5, True, "+10.500"),
        (-10.2, False, "-10.200"),
    ],
)
def test_numbers_save_their_leading_zero(value: float, sign: bool, told: str) -> None:
    assert number(value, sign=sign) == told


def test_a_spread_tells_mean_and_deviation_where_they_exist() -> None:
    assert spread([0.5, 0.7]) == ".600 ± .141"
    assert spread([0.5]) == ".500"
    assert spread([]) == spread([0.5, float("nan")]) == spread([float("inf")]) == "-"
    assert mean([0.5, 0.7]) == pytest.approx(0.6)
    assert mean([float("nan")]) is None


def test_small_chances_have_no_digits_and_one_of_a_thing_no_plural() -> None:
    assert (probability(0.0009), probability(0.012)) == ("<.001", ".012")
    assert (counted(1, "row"), counted(0, "row"), counted(2, "row")) == (
        "1 row",
        "0 rows",
        "2 rows",
    )


def test_sizes_are_told_in_the_unit_that_fits() -> None:
    assert (sized(3 << 20), sized(9 << 30), sized(20 << 30)) == (
        "3.0 MiB",
        "9216.0 MiB",
        "20.0 GiB",
    )


def test_of_many_names_the_first_are_told_and_that_there_are_more() -> None:
    assert few(["a", "b", "c"], 2) == "a, b, ..."
    assert few(["a", "b"], 2) == "a, b"
    assert few([], 2) == ""
