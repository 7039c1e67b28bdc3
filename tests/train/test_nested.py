"""Nested values survive as JSON and tensors; nothing else is let in."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save

from mertk.train.nested import apart, together

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
NESTED = st.recursive(
    PLAIN, lambda inner: st.lists(inner) | st.dictionaries(PLAIN, inner), max_leaves=20
)


@given(NESTED)
def test_values_without_tensors_come_back_equal(value: object) -> None:
    text, tensors = apart(value)
    assert not tensors
    assert together(text, {}) == value


@pytest.mark.parametrize("word", ["tensor", "dict"])
@pytest.mark.parametrize("value", ["0", [[1, 2]], None])
def test_a_dict_that_looks_like_the_words_of_the_form_comes_back_as_itself(word, value) -> None:
    assert together(*apart({word: value})) == {word: value}


def test_what_is_no_number_comes_back() -> None:
    back = together(*apart([math.nan, math.inf]))
    assert math.isnan(back[0])
    assert back[1] == math.inf


def test_tensors_come_back_with_their_kind_and_shape() -> None:
    given = {
        "weights": torch.arange(6.0).reshape(2, 3),
        3: [torch.tensor(7), torch.empty(0, 4), torch.tensor([True])],
        "half": torch.ones(2, dtype=torch.bfloat16),
    }
    text, tensors = apart(given)
    back = together(text, load(save(tensors)))
    assert [*back] == ["weights", 3, "half"]
    for one, other in zip(
        [given["weights"], *given[3], given["half"]],
        [back["weights"], *back[3], back["half"]],
        strict=True,
    ):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        assert torch.equal(one, other)


def test_tensors_that_share_memory_are_kept_apart() -> None:
    whole = torch.arange(8.0)
    given = [whole, whole, whole[2:4], whole.reshape(2, 4).T, torch.nn.Parameter(whole)]
    text, tensors = apart(given)
    for one, other in zip(given, together(text, load(save(tensors))), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("value", [object(), {1, 2}, b"", [{"a": 1j}]])
def test_what_has_no_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="a state cannot hold"):
        apart(value)


@pytest.mark.parametrize("text", ['{"tensor": "0"}', '{"class": "os.system"}', "{}", "nothing"])
def test_what_is_none_of_its_own_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (one of them is JSON's)
        together(text, {})
