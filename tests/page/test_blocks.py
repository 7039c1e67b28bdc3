"""What a page is made of: names of its tables, and what cannot be shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mertk.page.blocks import Page, Section, Tabled, slug, unique
from mertk.report import Table

TABLE = Tabled(Table(["a"], [["1"]]), "One.")


@given(st.text())
def test_a_slug_is_letters_digits_and_hyphens(text: str) -> None:
    assert slug(text).replace("-", "a").isalnum()
    assert slug(text).isascii()
    assert slug(slug(text)) == slug(text)


@given(st.lists(st.sampled_from(["a", "a-2", "a-2-2", "b"])))
def test_a_name_that_is_taken_gets_a_number(names: list[str]) -> None:
    taken: list[str] = []
    for name in names:
        taken.append(unique(name, taken))
    assert len(set(taken)) == len(names)


def test_no_table_takes_the_place_of_another_of_its_name() -> None:
    """`foo 2` comes before `foo`, whose second table would have been the same file."""
    sections = [Section("foo 2", [TABLE]), Section("foo", [TABLE, TABLE]), Section("Foo!", [TABLE])]
    names = [name for name, _ in Page("x", (), sections).tables()]
    assert names == ["foo-2", "foo", "foo-3", "foo-4"]


def test_a_table_has_rows() -> None:
    with pytest.raises(ValueError, match=r"Empty\.: a table without rows \(0\)"):
        Tabled(Table(["a"], []), "Empty.")
