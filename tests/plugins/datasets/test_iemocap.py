"""The reader gives what the release holds, counted as published, and names what is wrong."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mertk.contracts import MediaRef
from mertk.errors import CorpusError
from mertk.protocol import protocol_id
from mertk.recipe import Select
from mertk.target import target_of
from mertk.testing.datasets import DatasetTests
from mertk_plugins.datasets.iemocap import IEMOCAP
from tests.plugins.datasets.iemocap_release import (
    Turn,
    dialogue_names,
    write_dialogue,
    write_full_release,
)

LEFT, RIGHT = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)
RATERS = (
    "C-E1:\tAnger; Frustration;\t()\nC-E2:\tNeutral;\t(he said (twice))\nC-M1:\tAnger;\t()\n"
    "A-E3:\tval 1; act 5; dom  4;\t()\nA-E4:\tval 2; act 4; dom  ;\t()\n"
    "A-F1:\tval 3; act 4;\t()\n"
)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("full")
    write_full_release(root / "IEMOCAP_full_release")
    return root


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Two dialogues per session, with every trap of the release."""
    release = tmp_path / "IEMOCAP_full_release"
    for session in range(1, 6):
        for wearer in "FM":
            turns = [
                Turn("F", "ang", 1.0, 2.5, "What’s that?"),
                Turn("M", "exc", 2.25, 4.0),
                Turn("M", "hap", 4.0, 5.0),
                Turn("F", "neu", 5.5, 6.5, raters=RATERS),
                Turn("M", "sad", 7.0, 8.0),
                Turn("F", "fru", 8.0, 9.0),
                Turn("M", "xxx", 9.0, 9.5),
            ]
            name = f"Ses0{session}{wearer}_" + ("impro05b" if wearer == "F" else "script01_1b")
            write_dialogue(release, name, turns, "\r\n" if session == 2 else "\n")
    labels = release / "Session1/dialog/EmoEvaluation"
    (labels / "._Ses01F_impro05b.txt").write_bytes(b"\x00\x05\x16\x07")
    for folder in ("Attribute", "Categorical", "Self-evaluation"):
        (labels / folder).mkdir()
        (labels / folder / "Ses01F_impro05b_e1.txt").write_text("Ses01F_impro05b_F000 :neu; ()")
    said = release / "Session1/dialog/transcriptions/Ses01F_impro05b.txt"
    stray = "Ses01F_impro05b_MXX0 [001.0000-002.0000]: Mhm.\nM: [LAUGHTER]\n"
    said.write_bytes(stray.encode() + said.read_bytes().replace(b"M001 [", b"M001  ["))
    return tmp_path


class TestConformance(DatasetTests):
    component = IEMOCAP

    @pytest.fixture
    def arguments(self, small: Path) -> dict[str, Any]:
        return {"root": small, "partial": True}


class TestConformanceOfSpeakerFolds(DatasetTests):
    component = IEMOCAP

    @pytest.fixture
    def arguments(self, small: Path) -> dict[str, Any]:
        return {"root": small, "partial": True, "classes": 6, "folds": "speaker"}


class TestConformanceOfScenarioFolds(DatasetTests):
    component = IEMOCAP

    @pytest.fixture
    def arguments(self, small: Path) -> dict[str, Any]:
        return {"root": small, "partial": True, "folds": "scenario", "scenario_groups": 2}


class TestConformanceOfDimensions(DatasetTests):
    component = IEMOCAP

    @pytest.fixture
    def arguments(self, small: Path) -> dict[str, Any]:
        return {"root": small, "partial": True, "target": "dimensions"}


# Counts of the whole release


def test_counts_are_the_published_ones(full: Path) -> None:
    clips = IEMOCAP(full).clips()
    assert len(clips) == 5531
    assert Counter((c.group["session"], c.labels["emotion"]) for c in clips) == {
        ("session1", "angry"): 229,
        ("session1", "happy"): 278,
        ("session1", "neutral"): 384,
        ("session1", "sad"): 194,
        ("session2", "angry"): 137,
        ("session2", "happy"): 327,
        ("session2", "neutral"): 362,
        ("session2", "sad"): 197,
        ("session3", "angry"): 240,
        ("session3", "happy"): 286,
        ("session3", "neutral"): 320,
        ("session3", "sad"): 305,
        ("session4", "angry"): 327,
        ("session4", "happy"): 303,
        ("session4", "neutral"): 258,
        ("session4", "sad"): 143,
        ("session5", "angry"): 170,
        ("session5", "happy"): 442,
        ("session5", "neutral"): 384,
        ("session5", "sad"): 245,
    }
    talkers = {"Ses01": (528, 557), "Ses02": (481, 542), "Ses03": (522, 629), "Ses04": (528, 503)}
    talkers["Ses05"] = (590, 651)
    assert Counter(c.speaker for c in clips) == {
        f"{session}{letter}": count
        for session, counts in talkers.items()
        for letter, count in zip("FM", counts, strict=True)
    }
    assert Counter(c.group["gender"] for c in clips) == {"female": 2649, "male": 2882}
    assert Counter(c.media["video"].crop for c in clips) == {LEFT: 2781, RIGHT: 2750}
    assert Counter(c.group["style"] for c in clips) == {"improvised": 2943, "scripted": 2588}
    merged = Counter(c.labels["original"] for c in clips if c.labels["emotion"] == "happy")
    assert merged == {"happy": 595, "excited": 1041}
    assert len({c.group["dialogue"] for c in clips}) == 151


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        ({"merge_excited": False}, 4490),
        ({"classes": 6}, 5531 + 1849),
        ({"classes": ["fearful", "surprised"]}, 147),
        ({"classes": ["sad", "happy"], "merge_excited": True}, 1084 + 1636),
        ({"style": "improvised"}, 2943),
        ({"style": "scripted"}, 2588),
    ],
)
def test_choices_change_the_counts(full: Path, arguments: dict[str, Any], count: int) -> None:
    corpus = IEMOCAP(full, **arguments)
    assert len(corpus.clips()) == count
    assert {c.labels["emotion"] for c in corpus.clips()} == set(corpus.card.classes)
    told = {c.what: c.published for c in corpus.counts()}
    style = arguments.get("style")
    assert told[f"{style} clips" if style else "clips"] == count
    assert all(c.found == c.published for c in corpus.counts())


def test_turns_of_other_classes_belong_to_the_corpus(full: Path) -> None:
    corpus = IEMOCAP(full, classes=["fearful", "surprised"])
    angry = next(c for c in IEMOCAP(full).clips() if c.labels["emotion"] == "angry")
    assert all(corpus.knows(ref.path) for ref in angry.media.values())
    assert not corpus.knows(Path("Ses01F_impro01_X000.wav"))


def test_session_folds_leave_one_session_out(full: Path) -> None:
    folds = IEMOCAP(full).folds()
    assert [f.name for f in folds] == [f"session{n}" for n in range(1, 6)]
    assert [len(f.test) for f in folds] == [1085, 1023, 1151, 1031, 1241]
    assert all(len(f.train) + len(f.test) == 5531 for f in folds)


def test_speaker_folds_leave_one_speaker_out_and_keep_the_partner(full: Path) -> None:
    folds = IEMOCAP(full, folds="speaker").folds()
    assert [f.name for f in folds] == [f"Ses0{n}{letter}" for n in range(1, 6) for letter in "FM"]
    first = folds[0]
    assert len(first.test) == 528
    assert {i[-4] for i in first.test if i.startswith("Ses01")} == {"F"}
    assert {i[-4] for i in first.train if i.startswith("Ses01")} == {"M"}


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        ({}, 10039),
        ({"classes": 4}, 5531),
        ({"classes": 6}, 7380),
        ({"classes": 4, "merge_excited": False}, 4490),
        ({"classes": 4, "style": "improvised"}, 2943),
    ],
)
def test_dimensions_are_rated_on_every_turn_or_those_of_some_classes(
    full: Path, arguments: dict[str, Any], count: int
) -> None:
    corpus = IEMOCAP(full, target="dimensions", **arguments)
    clips, folds = corpus.clips(), corpus.folds()
    assert (corpus.card.target, corpus.card.classes) == (
        "dimensions",
        ("valence", "arousal", "dominance"),
    )
    assert len(clips) == sum(len(fold.test) for fold in folds) == count
    assert [fold.name for fold in folds] == [f"session{n}" for n in range(1, 6)]
    for name in corpus.card.classes:
        assert {1.0, 5.0} <= {c.labels[name] for c in clips} <= {n / 2 for n in range(2, 11)}
    assert all(c.found == c.published for c in corpus.counts())
    if not arguments:
        assert "labelled turns" in {c.what for c in corpus.counts()}
        assert "undecided" in {c.labels["emotion"] for c in clips}


def test_dimensions_keep_scenarios_apart_too(full: Path) -> None:
    folds = IEMOCAP(full, target="dimensions", folds="scenario").folds()
    assert len(folds) == 15
    assert sum(len(fold.test) for fold in folds) == 10039
    assert sum(len(fold.train) for fold in folds) == 8 * 10039


PLAYED = {*(f"impro0{n}" for n in range(1, 9)), "script01", "script02", "script03"}


@pytest.mark.parametrize(
    ("arguments", "folds", "trained"),
    [
        ({}, 15, 2950),
        ({"scenario_groups": 2}, 10, 2212),
        ({"scenario_groups": 5}, 25, 3540),
        ({"classes": 6}, 15, 3936),
        ({"style": "improvised"}, 15, 1570),
        ({"style": "scripted"}, 15, 1380),
    ],
)
def test_scenario_folds_share_neither_speaker_nor_scenario_nor_script(
    full: Path, arguments: dict[str, Any], folds: int, trained: int
) -> None:
    corpus = IEMOCAP(full, folds="scenario", **arguments)
    clips = {c.id: c for c in corpus.clips()}
    found = corpus.folds()
    assert len(found) == folds
    assert Counter(i for fold in found for i in fold.test) == Counter(clips.keys())
    assert round(sum(len(fold.train) for fold in found) / folds) == trained
    groups: dict[str, set[str]] = {}
    for fold in found:
        session, name = fold.name.split("-")
        train, test = ([clips[i] for i in part] for part in (fold.train, fold.test))
        assert {c.group["session"] for c in test} == {session}
        assert not {c.speaker for c in train} & {c.speaker for c in test}
        assert not {c.group["scenario"] for c in train} & {c.group["scenario"] for c in test}
        known, new = ({c.group["scenario"].split("_")[0] for c in part} for part in (train, test))
        assert not known & new
        assert known | new <= PLAYED
        assert {c.labels["emotion"] for c in train} == set(corpus.card.classes)
        groups.setdefault(name, set()).update(new)
    # The groups are the same in every session.
    assert sum(len(group) for group in groups.values()) == len(set().union(*groups.values()))


def test_every_protocol_has_an_id_of_its_own(full: Path) -> None:
    protocols: list[dict[str, Any]] = [
        {},
        {"folds": "speaker"},
        {"style": "improvised"},
        {"style": "scripted"},
        {"folds": "scenario"},
        {"folds": "scenario", "scenario_groups": 2},
        {"folds": "scenario", "style": "improvised"},
        {"classes": 6},
        {"merge_excited": False},
        {"target": "dimensions"},
        {"target": "dimensions", "classes": 4},
    ]
    ids = []
    for arguments in protocols:
        corpus = IEMOCAP(full, **arguments)
        parts = (target_of(corpus.card), corpus.clips(), corpus.folds(), Select())
        ids.append(protocol_id("iemocap", *parts))
    assert len(set(ids)) == len(protocols)
    assert [i.partition("@")[0] for i in ids] == [
        *("iemocap-4c-5f", "iemocap-4c-10f", "iemocap-4c-5f", "iemocap-4c-5f"),
        *("iemocap-4c-15f", "iemocap-4c-10f", "iemocap-4c-15f", "iemocap-6c-5f", "iemocap-4c-5f"),
        *("iemocap-3d-5f", "iemocap-3d-5f"),
    ]


def test_more_groups_than_scenarios_are_refused(small: Path) -> None:
    corpus = IEMOCAP(small, partial=True, folds="scenario")
    with pytest.raises(CorpusError, match=r"only 2 scenarios and scripts are played .* \(3\)"):
        corpus.folds()


@pytest.mark.parametrize("session", [1, 3])
def test_a_release_that_lacks_a_dialogue_is_refused(
    full: Path, session: int, tmp_path: Path
) -> None:
    hidden = full / f"IEMOCAP_full_release/Session{session}/dialog/EmoEvaluation"
    path = hidden / f"{dialogue_names(session)[0]}.txt"
    aside = path.rename(tmp_path / path.name)
    try:
        has = len(dialogue_names(session))
        message = rf"Session{session} has {has - 1} of {has} dialogues; \d+ of 10039 turns"
        with pytest.raises(CorpusError, match=message):
            IEMOCAP(full).clips()
        assert 5300 < len(IEMOCAP(full, partial=True).clips()) < 5531
    finally:
        aside.rename(path)


# What a clip holds


def test_a_clip_tells_who_says_what_where(small: Path) -> None:
    clips = {c.id: c for c in IEMOCAP(small, partial=True).clips()}
    assert len(clips) == 50
    clip = clips["Ses01F_impro05b_M000"]
    folder = small / "IEMOCAP_full_release/Session1"
    assert clip.media["audio"] == MediaRef(
        folder / "sentences/wav/Ses01F_impro05b/Ses01F_impro05b_M000.wav"
    )
    avi = folder / "dialog/avi/DivX/Ses01F_impro05b.avi"
    assert clip.media["video"] == MediaRef(avi, 2.25, 4.0, RIGHT)
    assert clip.speaker == "Ses01M"
    assert clip.labels["emotion"] == "happy"
    assert clip.labels["original"] == "excited"
    assert clip.group == {
        "session": "session1",
        "dialogue": "Ses01F_impro05b",
        "scenario": "impro05",
        "gender": "male",
        "style": "improvised",
    }
    assert clips["Ses01F_impro05b_F000"].media["video"].crop == LEFT
    assert clips["Ses01M_script01_1b_F000"].media["video"].crop == RIGHT
    assert clips["Ses01M_script01_1b_M000"].media["video"].crop == LEFT
    assert clips["Ses04M_script01_1b_M000"].group["scenario"] == "script01_1"
    assert clips["Ses04M_script01_1b_M000"].group["style"] == "scripted"


def test_the_raters_are_told_one_by_one(small: Path) -> None:
    clips = {c.id: c for c in IEMOCAP(small, partial=True).clips()}
    assert clips["Ses02M_script01_1b_F001"].labels == {
        "emotion": "neutral",
        "original": "neutral",
        "valence": 2.5,
        "arousal": 3.0,
        "dominance": 3.5,
        "emotion:E1": "angry|frustrated",
        "emotion:E2": "neutral",
        "self:emotion:M1": "angry",
        "valence:E3": 1.0,
        "arousal:E3": 5.0,
        "dominance:E3": 4.0,
        "valence:E4": 2.0,
        "arousal:E4": 4.0,
        "self:valence:F1": 3.0,
        "self:arousal:F1": 4.0,
    }


def test_a_dimension_that_has_no_number_is_not_rated(small: Path) -> None:
    labels = small / "IEMOCAP_full_release/Session1/dialog/EmoEvaluation/Ses01F_impro05b.txt"
    first = labels.read_text().replace("[2.5000, 3.0000, 3.5000]", "[2.5000, 3.0000, nan]", 1)
    labels.write_text(first)
    clips = {c.id: c for c in IEMOCAP(small, partial=True, target="dimensions").clips()}
    assert len(clips) == 70
    assert "dominance" not in clips["Ses01F_impro05b_F000"].labels
    assert clips["Ses01F_impro05b_F000"].labels["arousal"] == 3.0


def test_what_raters_said_is_merged_as_the_label_is(small: Path) -> None:
    labels = small / "IEMOCAP_full_release/Session1/dialog/EmoEvaluation/Ses01F_impro05b.txt"
    said = "C-E2:\tExcited; Happiness;\t()\nC-E3:\tExcited; Other;"
    labels.write_text(
        labels.read_text().replace("C-E2:\tExcited;\t()\nC-E3:\tExcited; Other;", said)
    )

    def raters(**arguments: Any) -> list[Any]:
        clips = {c.id: c for c in IEMOCAP(small, partial=True, **arguments).clips()}
        found = clips["Ses01F_impro05b_M000"].labels
        return [found["emotion:E2"], found["emotion:E3"], found["self:emotion:M1"]]

    assert raters() == ["happy", "happy|other", "happy"]
    assert raters(classes=6) == ["excited|happy", "excited|other", "excited"]


def test_what_is_said_is_read_among_stray_lines(small: Path) -> None:
    clips = {c.id: c for c in IEMOCAP(small, partial=True).clips()}
    assert clips["Ses01F_impro05b_F000"].text == "What’s that?"
    assert clips["Ses01F_impro05b_M001"].text == "And so it goes."
    assert all(c.text for c in clips.values())


def test_modalities_may_be_left_out(small: Path) -> None:
    for path in small.rglob("transcriptions/*.txt"):
        path.unlink()
    with pytest.raises(CorpusError, match=r"Ses01F_impro05b\.txt: no such transcription; .*text"):
        IEMOCAP(small, partial=True).clips()
    clips = IEMOCAP(small, partial=True, modalities=["audio"]).clips()
    assert all(set(c.media) == {"audio"} and c.text is None for c in clips)


def test_sound_may_be_cut_from_the_dialogue(small: Path) -> None:
    clips = {c.id: c for c in IEMOCAP(small, partial=True, sound="dialogues").clips()}
    wav = small / "IEMOCAP_full_release/Session3/dialog/wav/Ses03F_impro05b.wav"
    assert clips["Ses03F_impro05b_M000"].media["audio"] == MediaRef(wav, 2.25, 4.0)


def test_root_may_be_the_release_itself(small: Path) -> None:
    inner = IEMOCAP(small / "IEMOCAP_full_release", partial=True)
    assert inner.clips() == IEMOCAP(small, partial=True).clips()


def _says_its_encoding(text: str) -> bool:
    """Whether the bytes of a text in Windows' encoding are not by chance UTF-8 for another one."""
    try:
        return text.encode("cp1252").decode() == text
    except UnicodeDecodeError:
        return True


_turns = st.builds(
    Turn,
    talker=st.sampled_from("FM"),
    emotion=st.sampled_from(["ang", "hap", "neu", "sad"]),
    start=st.integers(0, 5_000_000).map(lambda n: n / 1e4),
    end=st.integers(5_000_001, 9_000_000).map(lambda n: n / 1e4),
    text=st.text(st.characters(codec="cp1252", exclude_categories=["Cc", "Z"]), min_size=1).filter(
        _says_its_encoding
    ),
    dimensions=st.tuples(*[st.sampled_from([1.0, 2.5, 3.3333, 5.0])] * 3),
)


@settings(max_examples=40, deadline=None)
@given(turns=st.lists(_turns, min_size=1, max_size=6), wearer=st.sampled_from("FM"))
def test_every_turn_that_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, turns: list[Turn], wearer: str
) -> None:
    root = tmp_path_factory.mktemp("any")
    for session in range(1, 6):
        write_dialogue(root, f"Ses0{session}{wearer}_impro02", turns)
    clips = IEMOCAP(root, partial=True).clips()
    assert len(clips) == 5 * len(turns)
    read = [
        (c.speaker[-1], c.media["video"].start, c.media["video"].end, c.text, c.labels["valence"])
        for c in clips
        if c.group["session"] == "session4"
    ]
    written = sorted(turns, key=lambda t: t.talker)
    assert [(t.talker, t.start, t.end, t.dimensions[0]) for t in written] == [
        (r[0], r[1], r[2], r[4]) for r in read
    ]
    assert [t.text for t in written] == [r[3] for r in read]


# What is wrong is named


def test_a_missing_corpus_says_what_was_looked_for_and_what_runs_instead(tmp_path: Path) -> None:
    with pytest.raises(CorpusError) as caught:
        IEMOCAP(tmp_path / "nowhere").clips()
    message = str(caught.value)
    for part in ("nowhere", "Session1", "EmoEvaluation", "IEMOCAP_full_release", "sail.usc.edu"):
        assert part in message
    assert "'iemocap_synthetic'" in message


def test_a_missing_session_is_named(small: Path) -> None:
    (small / "IEMOCAP_full_release/Session4").rename(small / "aside")
    with pytest.raises(CorpusError, match="Session4 is not there"):
        IEMOCAP(small, partial=True).clips()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[1.0 - 2.0] Ses01F_impro05b_F000 neu [1, 2, 3]", "not a label"),
        ("[1.0 - 2.0]\tSes01F_impro05b_F009\tneu\t[1, 2]", "not a label"),
        ("[2.0 - 1.0]\tSes01F_impro05b_F009\tneu\t[1, 2, 3]", r"must end after .* \(2.0 - 1.0\)"),
        ("[1.0 - nan]\tSes01F_impro05b_F009\tneu\t[1, 2, 3]", r"must end after .*nan"),
        ("[1.0 - 2.0.0]\tSes01F_impro05b_F009\tneu\t[1, 2, 3]", r"2\.0\.0"),
        ("[1.0 - 2.0]\tSes01F_impro05b_X009\tneu\t[1, 2, 3]", "'Ses01F_impro05b_X009' is no"),
        ("[1.0 - 2.0]\tSes01F_impro01_F009\tneu\t[1, 2, 3]", "no utterance of Ses01F_impro05b"),
        ("[1.0 - 2.0]\tSes01F_impro05b_F009\tmad\t[1, 2, 3]", "no emotion 'mad'; there are: ang"),
        ("something else", "neither a label nor a rater's line"),
    ],
)
def test_a_malformed_line_is_named_with_its_number(small: Path, line: str, message: str) -> None:
    path = small / "IEMOCAP_full_release/Session1/dialog/EmoEvaluation/Ses01F_impro05b.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, line]))
    with pytest.raises(CorpusError, match=message) as caught:
        IEMOCAP(small, partial=True).clips()
    assert str(caught.value).startswith(f"{path}:{len(lines) + 1}: ")


def test_a_turn_that_is_labelled_twice_is_named(small: Path) -> None:
    path = small / "IEMOCAP_full_release/Session1/dialog/EmoEvaluation/Ses01F_impro05b.txt"
    path.write_text(path.read_text() * 2)
    with pytest.raises(CorpusError, match="Ses01F_impro05b_F000 is labelled twice"):
        IEMOCAP(small, partial=True).clips()


def test_a_file_of_another_session_is_named(small: Path) -> None:
    folder = small / "IEMOCAP_full_release/Session1/dialog/EmoEvaluation"
    (folder / "Ses02F_impro05b.txt").write_text("")
    with pytest.raises(CorpusError, match=r"Ses02F_impro05b\.txt: is not called like .* Session1"):
        IEMOCAP(small, partial=True).clips()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"classes": ["sad", "hapy"]}, "classes: no emotion named 'hapy'; did you mean 'happy'"),
        ({"classes": ["sad", "undecided"]}, "classes: no emotion named 'undecided'"),
        ({"classes": ["sad"]}, "classes: must be two or more"),
        ({"classes": ["sad", "sad"]}, "classes: must be two or more, each once"),
        ({"classes": 6, "merge_excited": True}, "merge_excited: excited is a class"),
        ({"classes": ["sad", "angry"], "merge_excited": True}, "merge_excited: happy is no class"),
        ({"modalities": []}, "modalities: "),
        ({"target": "dimensions", "merge_excited": True}, "merge_excited: happy is no class"),
        ({"target": "dimensions", "classes": ["hapy", "sad"]}, "no emotion named 'hapy'"),
        ({"scenario_groups": 3}, "scenario_groups: is only for `folds: scenario`"),
        (
            {"folds": "scenario", "style": "scripted", "scenario_groups": 4},
            r"scenario_groups: must be 2 to 3 \(4\)",
        ),
    ],
)
def test_arguments_that_contradict_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        IEMOCAP(Path("anywhere"), **arguments)
