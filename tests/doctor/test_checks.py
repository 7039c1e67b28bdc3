"""A planted fault of each class is found, and nothing else; a healthy corpus has none."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from mertk.contracts import Fold
from mertk.doctor import CHECKS, Opened
from mertk.published import Count
from tests.doctor.corpora import (
    CLASSES,
    Row,
    black,
    examine,
    found,
    moving,
    opened,
    write_film,
    write_healthy,
)
from tests.media.making import RATE, cut_file, noise

FIRST, SECOND, LAST = "s0_angry_0", "s0_angry_1", "s5_angry_0"


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Row]]:
    folder = tmp_path_factory.mktemp("healthy")
    return folder, write_healthy(folder)


@pytest.fixture
def corpus(healthy: tuple[Path, list[Row]], tmp_path: Path) -> tuple[Path, list[Row]]:
    """A copy to plant faults in."""
    folder = tmp_path / "corpus"
    shutil.copytree(healthy[0], folder)
    return folder, [dict(row) for row in healthy[1]]


def row(rows: list[Row], name: str = FIRST) -> Row:
    return next(row for row in rows if row["id"] == name)


def wav(folder: Path, samples: np.ndarray, name: str = FIRST) -> None:
    soundfile.write(folder / f"wavs/{name}.wav", samples, RATE)


def film(folder: Path, pictures: list[np.ndarray], name: str = FIRST) -> None:
    write_film(folder / f"films/{name}.avi", pictures)


def truncated(folder: Path, rows: list[Row]) -> None:
    row(rows)["audio"] = f"wavs/{cut_file(folder / row(rows)['audio'], 0.5).name}"
    (folder / f"wavs/{FIRST}.wav").unlink()


def same_sound(folder: Path, rows: list[Row]) -> None:
    """Losslessly written anew, for another take."""
    (folder / f"wavs/{SECOND}.wav").unlink()
    row(rows, SECOND)["audio"] = f"wavs/{SECOND}.flac"
    samples, rate = soundfile.read(folder / f"wavs/{FIRST}.wav", dtype="int16")
    soundfile.write(folder / f"wavs/{SECOND}.flac", samples, rate)


def same_film(folder: Path, rows: list[Row]) -> None:
    """Put into another container."""
    (folder / f"films/{SECOND}.avi").unlink()
    row(rows, SECOND)["video"] = f"films/{SECOND}.mkv"
    with (
        av.open(str(folder / f"films/{FIRST}.avi")) as one,
        av.open(str(folder / f"films/{SECOND}.mkv"), "w") as other,
    ):
        stream = other.add_stream_from_template(one.streams.video[0])
        for packet in one.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                other.mux(packet)


def too_short(folder: Path, _: list[Row]) -> None:
    wav(folder, noise(0.15))
    film(folder, moving(99, 2))


def without_film(folder: Path, rows: list[Row]) -> None:
    (folder / row(rows)["video"]).unlink()
    row(rows)["video"] = ""


def left_over(folder: Path, _: list[Row]) -> None:
    wav(folder, noise(1, seed=99), "extra")
    wav(folder, noise(1, seed=98), "._hidden")
    (folder / "wavs/readme.txt").write_text("of another format")


def relabelled(corpus: Opened) -> Opened:
    clips = [replace(c, labels={"emotion": "cross"}) if c.id == FIRST else c for c in corpus.clips]
    return replace(corpus, clips=clips)


def overlapping(corpus: Opened) -> Opened:
    folds = [
        Fold(f.name, f.train | {FIRST}, f.test | {FIRST}) if f is corpus.folds[0] else f
        for f in corpus.folds
    ]
    return replace(corpus, folds=folds)


def one_class(corpus: Opened) -> Opened:
    first, *others = corpus.folds
    train = frozenset(i for i in first.train if "angry" in i)
    return replace(corpus, folds=[Fold(first.name, train, first.test), *others])


def same_speaker(corpus: Opened) -> Opened:
    there = corpus.folds[0]
    one = next(c.speaker for c in corpus.clips if c.id in there.train)
    tested = min(there.test)
    clips = [replace(c, speaker=one) if c.id == tested else c for c in corpus.clips]
    return replace(corpus, clips=clips, folds=[there])


def nobody(corpus: Opened) -> Opened:
    return replace(
        corpus, clips=[replace(c, speaker="") if c.id == FIRST else c for c in corpus.clips]
    )


def same_text(_: Path, rows: list[Row]) -> None:
    row(rows)["text"] = "It’s Eleven o'clock, you know!"
    row(rows, LAST)["text"] = "it's eleven  O’CLOCK you know"


def near_text(_: Path, rows: list[Row]) -> None:
    row(rows)["text"] = "It is eleven o'clock, you know"
    row(rows, LAST)["text"] = "you know it is eleven o'clock now"


@dataclass
class Planted:
    """A fault, and the clips (or files) that each check must find, and no other check any."""

    plant: Callable[[Path, list[Row]], None] = lambda _, __: None
    alter: Callable[[Opened], Opened] = lambda corpus: corpus
    sets: tuple[str, ...] = ()
    finds: tuple[tuple[str, set[str]], ...] = ()


ONE = {FIRST}
PLANTED: dict[str, Planted] = {
    "incomplete": Planted(
        alter=lambda c: replace(c, incomplete="half of it"), finds=(("incomplete", set()),)
    ),
    "counts": Planted(
        alter=lambda c: replace(c, counts=[Count("a", 3, 3), Count("b", 3, 2, ["x"])]),
        finds=(("counts", {"x"}),),
    ),
    "same id": Planted(
        alter=lambda c: replace(c, clips=[*c.clips, c.clips[0]]),
        finds=(("same id", ONE), ("same sound", ONE), ("same pictures", ONE)),
    ),
    "no class": Planted(alter=relabelled, finds=(("no class", ONE),)),
    "empty class": Planted(
        alter=lambda c: replace(c, card=replace(c.card, classes=("angry", "calm", "sad"))),
        finds=(("empty class", set()), ("fold classes", set())),
    ),
    "missing": Planted(lambda f, _: (f / f"wavs/{FIRST}.wav").unlink(), finds=(("missing", ONE),)),
    "broken": Planted(truncated, finds=(("broken", ONE),)),
    "silent": Planted(
        lambda f, _: wav(f, np.round(noise(1) * 6) / 32768 + 0.2), finds=(("silent", ONE),)
    ),
    "black": Planted(lambda f, _: film(f, black(8) + moving(99, 7)), finds=(("black", ONE),)),
    "frozen": Planted(
        lambda f, _: film(f, moving(99, 1) * 8 + moving(98, 7)), finds=(("frozen", ONE),)
    ),
    "partly black": Planted(
        lambda f, _: film(f, moving(99, 13) + black(2)), finds=(("partly black", ONE),)
    ),
    "too short": Planted(too_short, finds=(("too short", ONE),)),
    "too long": Planted(
        lambda f, _: wav(f, noise(30.5)), finds=(("too long", ONE), ("lengths differ", ONE))
    ),
    "lengths differ": Planted(lambda f, _: wav(f, noise(1.6)), finds=(("lengths differ", ONE),)),
    "same sound": Planted(same_sound, finds=(("same sound", {FIRST, SECOND}),)),
    "same pictures": Planted(same_film, finds=(("same pictures", {FIRST, SECOND}),)),
    "label, no media": Planted(without_film, finds=(("label, no media", ONE),)),
    "media, no label": Planted(left_over, finds=(("media, no label", {"extra.wav"}),)),
    "no folds": Planted(sets=("k=7",), finds=(("no folds", set()),)),
    "fold parts": Planted(
        alter=overlapping,
        finds=(
            ("fold parts", ONE),
            ("fold speakers", {f"s0_{label}_{take}" for label in CLASSES for take in (0, 1)}),
        ),
    ),
    "fold speakers": Planted(alter=same_speaker, finds=(("fold speakers", {"s0_angry_0"}),)),
    "fold classes": Planted(alter=one_class, finds=(("fold classes", set()),)),
    "no speaker": Planted(alter=nobody, finds=(("no speaker", ONE),)),
    "same text": Planted(same_text, finds=(("same text", {FIRST, LAST}),)),
    "near text": Planted(near_text, finds=(("near text", {FIRST, LAST}),)),
}


def test_a_healthy_corpus_has_no_fault(healthy: tuple[Path, list[Row]]) -> None:
    assert examine(opened(*healthy)) == []


def test_a_fault_of_every_class_is_planted() -> None:
    assert list(PLANTED) == [check.name for check in CHECKS]


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_and_nothing_else(
    corpus: tuple[Path, list[Row]], name: str
) -> None:
    planted = PLANTED[name]
    planted.plant(*corpus)
    diagnoses = examine(planted.alter(opened(*corpus, *planted.sets)))
    assert found(diagnoses) == dict(planted.finds)
    assert all(d.count >= 1 for d in diagnoses)


def test_twins_across_train_and_test_or_with_two_labels_are_severe(
    corpus: tuple[Path, list[Row]],
) -> None:
    folder, rows = corpus
    shutil.copy(folder / f"wavs/{FIRST}.wav", folder / f"wavs/{LAST}.wav")
    (twins,) = examine(opened(folder, rows))
    assert (twins.check.name, twins.severity) == ("same sound", "severe")
    assert twins.findings[0].what == "2 clips with the same sound, in train and test"
    assert twins.findings[0].exclude == (LAST,)
    row(rows)["label"] = "calm"
    (twins,) = examine(opened(folder, rows))
    assert twins.findings[0].what.endswith("in train and test, labelled angry, calm")
    assert twins.findings[0].exclude == (FIRST, LAST), "nobody knows which label is right"


def test_rows_that_name_the_same_part_of_a_file_are_twins(corpus: tuple[Path, list[Row]]) -> None:
    folder, rows = corpus
    row(rows, SECOND)["audio"] = row(rows)["audio"]
    (folder / f"wavs/{SECOND}.wav").unlink()
    assert found(examine(opened(folder, rows))) == {"same sound": {FIRST, SECOND}}


def test_parts_of_one_recording_are_told_apart(corpus: tuple[Path, list[Row]]) -> None:
    """Turns that overlap are no twins; a part beyond the end is broken, a silent part silent."""
    folder, rows = corpus
    (folder / "long").mkdir()
    samples = np.concatenate([noise(3, seed=99), np.zeros(2 * RATE)])
    soundfile.write(folder / "long/dialogue.wav", samples, RATE)
    write_film(folder / "long/dialogue.avi", moving(99, 75))
    parts = {FIRST: (0.5, 1.5), SECOND: (1.0, 2.0), LAST: (3.5, 4.5), "s5_angry_1": (4.5, 5.5)}
    for row_ in rows:
        row_["start"], row_["end"] = parts.get(row_["id"], ("", ""))
        if row_["id"] in parts:
            for modality, suffix in (("audio", "wav"), ("video", "avi")):
                (folder / row_[modality]).unlink()
                row_[modality] = f"long/dialogue.{suffix}"
    diagnoses = examine(opened(folder, rows))
    assert found(diagnoses) == {"broken": {"s5_angry_1"}, "silent": {LAST}}
    assert "ends at 5.00 s" in diagnoses[0].findings[0].what


def test_speech_among_silence_is_healthy(corpus: tuple[Path, list[Row]]) -> None:
    """A quietly spoken word in seconds of silence is heard; a click alone is not."""
    folder, rows = corpus
    said, click = np.zeros(RATE), np.zeros(RATE)
    said[8000:10400] = noise(0.15) / 300  # -61 dB
    click[8000:8002] = 0.9
    wav(folder, said)
    wav(folder, click, SECOND)
    assert found(examine(opened(folder, rows))) == {"silent": {SECOND}}


def test_allowed_speakers_are_a_note(corpus: tuple[Path, list[Row]]) -> None:
    allowed = opened(*corpus, "shared_speakers=allow")
    for altered in (same_speaker(allowed), nobody(allowed)):
        (diagnosis,) = examine(altered)
        assert diagnosis.severity == "note"


def test_a_class_without_test_clip_is_a_warning_and_without_training_clip_severe(
    corpus: tuple[Path, list[Row]],
) -> None:
    whole = opened(*corpus)
    fold = whole.folds[0]
    angry = frozenset(i for i in fold.test if "angry" in i)
    (tested,) = examine(replace(whole, folds=[Fold("one", fold.train, angry)]))
    assert tested.severity == "warning"
    assert [f.what for f in tested.findings] == ["one: no test clip is calm"]
    (trained,) = examine(one_class(whole))
    assert trained.severity == "severe"


def test_a_fold_that_is_empty_or_names_strangers_is_told(corpus: tuple[Path, list[Row]]) -> None:
    whole = opened(*corpus)
    fold = whole.folds[0]
    folds = [
        Fold("empty", fold.train, frozenset()),
        Fold("strange", fold.train | {"x"}, fold.test),
        Fold("valid", fold.train, fold.test, frozenset(list(fold.test)[:1])),
    ]
    (diagnosis,) = [d for d in examine(replace(whole, folds=folds)) if d.check.name == "fold parts"]
    assert [f.what for f in diagnosis.findings] == [
        "empty: no clip in test",
        "strange: names clips that are not there",
        "valid: in valid and in test",
    ]


def test_media_of_classes_that_were_dropped_belong_to_the_corpus(
    corpus: tuple[Path, list[Row]],
) -> None:
    folder, rows = corpus
    row(rows)["label"] = "bored"
    dropping = ("classes=[angry, calm]", "unlisted=drop")
    assert examine(opened(folder, rows, *dropping)) == []


def test_media_that_mertk_wrote_itself_may_lie_beside_others(
    corpus: tuple[Path, list[Row]], monkeypatch: pytest.MonkeyPatch
) -> None:
    left_over(*corpus)
    assert found(examine(opened(*corpus))) == {"media, no label": {"extra.wav"}}
    monkeypatch.setenv("MERTK_HOME", str(corpus[0].parent))
    assert examine(opened(*corpus)) == []


def test_a_clip_without_anything_is_severe(corpus: tuple[Path, list[Row]]) -> None:
    whole = opened(*corpus)
    clips = [replace(c, media={}, text=None) if c.id == FIRST else c for c in whole.clips]
    lost = next(
        d for d in examine(replace(whole, clips=clips)) if d.check.name == "label, no media"
    )
    assert (lost.severity, lost.findings[0].what) == ("severe", "has nothing at all")


def test_a_missing_table_of_features_is_missing(corpus: tuple[Path, list[Row]]) -> None:
    folder, rows = corpus
    for row_ in rows:
        row_["features"] = "gone.npz" if row_["id"] == FIRST else "wavs/s1_angry_0.wav"
    assert found(examine(opened(folder, rows))) == {"missing": {FIRST}}
