"""Standings on whole corpora: by hand, on IEMOCAP's layout, and a score's place between them."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from mertk.baselines.guess import Guess
from mertk.baselines.measure import Figures, Skipped, Standing, figures, measure
from mertk.baselines.place import place
from mertk.contracts import Fold
from mertk.plan import Corpus
from mertk_plugins.datasets.iemocap import IEMOCAP
from tests.baselines.corpora import clip, corpus
from tests.plugins.datasets.iemocap_release import Turn, write_dialogue, write_full_release
from tests.shared import SHARED

RATED = {"emotion:E1": "sad", "emotion:E2": "sad", "emotion:E3": "happy"}


def hand_made() -> Corpus:
    def said(name: str, emotion: str, scene: str, **more):
        return clip(name, emotion, name[0], group={"scenario": scene, "take": name[0]}, **more)

    clips = [
        said("a1", "angry", "quarrel", ratings=RATED),
        said("a2", "angry", "quarrel"),
        said("a3", "sad", "farewell"),
        said("b1", "angry", "quarrel"),
        said("b2", "sad", "farewell"),
        said("b3", "sad", "farewell"),
        said("b4", "happy", "wedding"),
    ]
    return corpus(clips, {"one": "a", "two": "b"})


def test_a_corpus_is_scored_by_hand() -> None:
    standings, skipped = measure(hand_made())
    found = {s.name: s for s in standings}
    assert list(found) == ["majority", "prior", "scenario", "one rater"]
    # Fold one trains on b: sad. Fold two trains on a: angry.
    assert found["majority"].folds == {
        "one": Figures(0.5, pytest.approx(1 / 3)),
        "two": Figures(pytest.approx(1 / 3), 0.25),
    }
    # Pooled, right are a3 (of three sad) and b1 (of three angry); happy never.
    assert found["majority"].pooled == Figures(pytest.approx(2 / 9), pytest.approx(2 / 7))
    assert found["majority"].count == 7
    # Only the wedding was not seen: b4 is said to be angry.
    assert found["scenario"].pooled == Figures(pytest.approx(2 / 3), pytest.approx(6 / 7))
    assert found["scenario"].known == pytest.approx(6 / 7)
    # Chances of the true class: 1/4 twice and 1/2; then 2/3, 1/3 twice and 0.
    assert found["prior"].pooled.wa == pytest.approx((1 / 4 + 1 / 4 + 1 / 2 + 2 / 3 + 2 / 3) / 7)
    assert skipped == [
        Skipped("speaker", "the speaker of a test clip never occurs in its fold's training part"),
        Skipped("take", "the take of a test clip never occurs in its fold's training part"),
        Skipped("length", Approx("the length of 7 of 7 clips is unknown: a1: has neither sound")),
        Skipped("text", "no clip says its text"),
    ]


class Approx(str):
    """Equal to whatever begins like it."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and other.startswith(str(self))

    __hash__ = str.__hash__


def test_people_are_a_ceiling_and_a_fold_without_opinions_has_no_score() -> None:
    standings, _ = measure(hand_made())
    people = standings[-1]
    assert (people.name, people.people, people.count) == ("one rater", True, 1)
    assert people.pooled == Figures(0.0, 0.0)
    assert np.isnan(people.folds["two"].ua)


def test_raters_of_clips_that_are_not_tested_are_no_ceiling() -> None:
    made = hand_made()
    _, skipped = measure(replace(made, folds=made.folds[1:]))
    reasons = {s.name: s.reason for s in skipped}
    assert reasons["one rater"] == "only clips that no fold tests have what it needs"


def test_a_group_that_is_called_like_a_baseline_keeps_apart() -> None:
    made = hand_made()
    clips = tuple(replace(c, group={"text": c.group["scenario"]}) for c in made.clips)
    standings, skipped = measure(replace(made, clips=clips))
    assert "group text" in [s.name for s in standings]
    assert [s.name for s in skipped] == ["speaker", "scenario", "length", "text"]


def test_a_published_validation_part_is_not_learned_from() -> None:
    made = hand_made()
    learned = frozenset({"b1"})
    fold = Fold("one", learned, frozenset({"a1", "a3"}), frozenset({"b2", "b3", "b4"}))
    standings, _ = measure(replace(made, folds=(fold,)))
    assert standings[0].pooled == Figures(0.5, 0.5)


def test_a_class_that_is_not_tested_does_not_count() -> None:
    guess = Guess(np.array([0, 0, 2]), np.array([1.0, 0.0, 0.25]), np.ones(3, bool))
    assert figures([guess]) == Figures((0.5 + 0.25) / 2, 1.25 / 3)


# IEMOCAP


def opened(source: IEMOCAP) -> Corpus:
    folds = tuple(source.folds())
    return Corpus(source.card, tuple(source.clips()), folds, {}, folds)


def scenario_by_counting(made: Corpus) -> tuple[float, float]:
    """The scenario baseline once more, in other words."""
    truth, said = [], []
    for fold in made.folds:
        per: dict[str, Counter[str]] = {}
        for c in made.clips:
            if c.id in fold.train:
                per.setdefault(c.group["scenario"], Counter())[c.labels["emotion"]] += 1
        everything = sum(per.values(), Counter())
        for c in (c for c in made.clips if c.id in fold.test):
            counts = per.get(c.group["scenario"], everything)
            truth.append(c.labels["emotion"])
            said.append(max(made.card.classes, key=lambda name: counts[name]))
    right = np.mean([a == b for a, b in zip(truth, said, strict=True)])
    return float(balanced_accuracy_score(truth, said)), float(right)


def test_on_a_full_release_it_scores_what_counting_does(tmp_path: Path) -> None:
    """The labels of this tree are drawn by lot, so its score is that of no real corpus."""
    write_full_release(tmp_path / "IEMOCAP_full_release")
    made = opened(IEMOCAP(tmp_path))
    standings, skipped = measure(made)
    found = {s.name: s for s in standings}
    ua, wa = scenario_by_counting(made)
    assert found["scenario"].pooled == Figures(pytest.approx(ua), pytest.approx(wa))
    assert found["scenario"].count == 5531
    assert found["scenario"].known == 1.0
    # By the published counts: without session 1 most are happy, without any other neutral.
    right = 278 + 362 + 320 + 258 + 384
    assert found["majority"].pooled.wa == pytest.approx(right / 5531)
    assert {"length", "one rater"} <= set(found)
    assert [s.name for s in skipped] == ["speaker", "session", "dialogue", "text"]


IEMOCAP_LABELS = SHARED / "data/iemocap"


@pytest.mark.skipif(
    not IEMOCAP_LABELS.is_dir(),
    reason="no IEMOCAP labels beside the project (../shared/data/iemocap): it is licensed",
)
def test_scenarios_alone_reach_what_was_published_on_the_real_labels() -> None:
    standings, _ = measure(opened(IEMOCAP(IEMOCAP_LABELS)))
    scenario = {s.name: s for s in standings}["scenario"].pooled
    assert (round(100 * scenario.ua, 1), round(100 * scenario.wa, 1)) == (71.4, 69.6)


# A score's place


def standing(name: str, ua: float, people: bool = False) -> Standing:
    return Standing(name, "", people, 1, 1.0, Figures(ua, 0.0), {})


def test_a_score_stands_between_the_best_without_media_and_people() -> None:
    all_ = [standing("prior", 0.25), standing("scenario", 0.5), standing("one rater", 0.9, True)]
    found = place(0.8, all_, "ua")
    assert found.floor.name == "scenario"
    assert found.ceiling is not None
    assert found.ceiling.name == "one rater"
    assert found.share == pytest.approx(0.75)
    assert place(0.3, all_, "ua").share == pytest.approx(-0.5)


def test_without_a_ceiling_above_the_floor_there_is_no_share() -> None:
    assert place(0.8, [standing("prior", 0.25)], "ua").share is None
    low = [standing("scenario", 0.7), standing("one rater", 0.6, True)]
    assert place(0.8, low, "ua").share is None
    with pytest.raises(ValueError, match=r"standings: none without media \(0\)"):
        place(0.8, [], "ua")


def test_what_a_scenario_gives_away_is_gone_where_folds_keep_scenarios_apart(
    tmp_path: Path,
) -> None:
    emotions = {"impro01": "ang", "impro02": "sad", "impro03": "hap", "impro04": "neu"}
    told = {"script01_1": "ang", "script01_2": "sad", "script02_1": "neu", "script03_1": "hap"}
    for session in range(1, 6):
        for scenario, emotion in (emotions | told).items():
            turns = [Turn(who, emotion, n, n + 0.5, scenario) for n, who in enumerate("FMFM")]
            write_dialogue(tmp_path, f"Ses0{session}F_{scenario}", turns)

    def read(folds: Any) -> tuple[dict[str, Standing], dict[str, str]]:
        source = IEMOCAP(tmp_path, folds=folds, partial=True)
        parts = tuple(source.folds())
        whole = Corpus(source.card, tuple(source.clips()), parts, {}, parts)
        standings, skipped = measure(whole)
        return {s.name: s for s in standings}, {s.name: s.reason for s in skipped}

    leaking, _ = read("session")
    assert leaking["scenario"].pooled == leaking["text"].pooled == Figures(1.0, 1.0)
    honest, skipped = read("scenario")
    for name in ("scenario", "text"):
        assert skipped[name].endswith("of a test clip never occurs in its fold's training part")
    assert honest["majority"].pooled.ua <= 0.25
