"""Words of texts, and pairs of texts with nearly the same words, against counting by hand."""

import time
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mertk.contracts import Card, Clip, Fold
from mertk.doctor import Examined, Opened
from mertk.doctor.texts import ALIKE, near_text, same_text, words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It’s Eleven o'clock -- isn't it?!", ("it's", "eleven", "o'clock", "isn't", "it")),
        ("  ", ()),
        ("'quoted' 'n' roll", ("quoted", "n", "roll")),
        ("Straße STRASSE", ("strasse", "strasse")),
        ("你好吗 OK", ("你", "好", "吗", "ok")),
        ("Übung macht den Meister_", ("übung", "macht", "den", "meister")),
    ],
)
def test_words_are_without_case_and_punctuation(text: str, said: tuple[str, ...]) -> None:
    assert words(text) == said


def corpus(texts: dict[str, str], folds: list[Fold]) -> Examined:
    clips = [Clip(i, {"emotion": "sad"}, i, text=text) for i, text in texts.items()]
    return Examined(Opened(Card("toy", ("sad",), "", "", ""), clips, folds))


def halves(ids: list[str]) -> list[Fold]:
    one, other = frozenset(ids[::2]), frozenset(ids[1::2])
    return [Fold("a", one, other), Fold("b", other, one)]


@given(
    st.lists(
        st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=8), min_size=2, max_size=30
    )
)
def test_pairs_are_those_of_counting_by_hand(sampled: list[list[str]]) -> None:
    texts = {f"c{n}": " ".join(said) for n, said in enumerate(sampled)}
    folds = halves(list(texts))
    expected = set()
    for a, b in combinations(texts, 2):
        one, other = texts[a].split(), texts[b].split()
        dice = 2 * len(set(one) & set(other)) / (len(set(one)) + len(set(other)))
        apart = any({a, b} & f.train and {a, b} & f.test for f in folds)
        if min(len(one), len(other)) >= 4 and apart and one != other and dice >= ALIKE:
            expected.add(frozenset((a, b)))
    found = {
        frozenset((a, b))
        for finding in near_text(corpus(texts, folds))
        for a in finding.clips
        for b in finding.clips
        if texts[a] != texts[b] and any({a, b} & f.train and {a, b} & f.test for f in folds)
    }
    assert found == expected


def test_a_text_is_told_only_where_a_fold_trains_and_tests_on_it() -> None:
    texts = {"a": "one two three four", "b": "One, two, three: four!", "c": "five six seven eight"}
    apart = [Fold("f", frozenset("ac"), frozenset("b"))]
    together = [Fold("f", frozenset("ab"), frozenset("c"))]
    (finding,) = same_text(corpus(texts, apart))
    assert finding.clips == ("a", "b")
    assert finding.what == "1 of them test where others of them train"
    assert not list(same_text(corpus(texts, together)))
    assert not list(near_text(corpus(texts, apart)))


def test_what_everybody_says_is_not_told() -> None:
    texts = {"a": "I don't know.", "b": "I don't know!"}
    assert not list(same_text(corpus(texts, halves(list(texts)))))


def test_ten_thousand_utterances_take_seconds() -> None:
    rng = np.random.default_rng(0)
    # Words as frequent as in speech: the n-th one by 1/n.
    odds = 1 / np.arange(1, 5001)
    drawn = rng.choice(5000, (10_000, 9), p=odds / odds.sum())
    texts = {f"c{n}": " ".join(f"w{w}" for w in row) for n, row in enumerate(drawn)}
    texts["c9999"] = texts["c0"] + " more"
    began = time.process_time()
    found = list(near_text(corpus(texts, halves(list(texts)))))
    assert {"c0", "c9999"} <= {i for finding in found for i in finding.clips}
    assert time.process_time() - began < 20
