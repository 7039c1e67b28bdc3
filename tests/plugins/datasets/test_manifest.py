"""A corpus of one's own: every format says the same, every fault is told by row."""

import csv
import json
import random
import struct
import wave
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from datasets import Audio, ClassLabel, Dataset, DatasetDict, Features, Value, Video
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from mertk import media
from mertk.contracts import Clip, MediaRef
from mertk.errors import CorpusError, MediaError
from mertk.media import pictures, sound
from mertk.testing import DatasetTests
from mertk_plugins.datasets._folds import deal
from mertk_plugins.datasets.manifest import Manifest
from tests.shared import SHARED, needs_shared

LABELS = ("angry", "calm", "happy")


def rows(speakers: int = 6, each: int = 6) -> list[dict[str, Any]]:
    return [
        {
            "id": f"s{s}c{n}",
            "label": LABELS[n % 3],
            "speaker": f"speaker{s}",
            "group": f"dialogue{s // 2}{n % 2}",
            "audio": f"wavs/s{s}.wav",
            "text": f"words, {n};\nmore words" if n % 2 else None,
            "start": float(n),
            "end": n + 0.5,
            "arousal": s + 0.5,
            "split": ("train", "dev", "test")[s % 3],
            "fold": f"session{s % 2}",
        }
        for s in range(speakers)
        for n in range(each)
    ]


def write_wavs(root: Path, seconds: float = 0.01) -> None:
    (root / "wavs").mkdir(exist_ok=True)
    for s in range(6):
        with wave.open(str(root / f"wavs/s{s}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(struct.pack("<h", 100 * s) * int(8000 * seconds))


def write_csv(path: Path, table: list[dict[str, Any]], **how: Any) -> Path:
    encoding = how.pop("encoding", "utf-8")
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, list(table[0]), **how)
        writer.writeheader()
        writer.writerows(table)
    return path


def write_jsonl(path: Path, table: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table), "utf-8")
    return path


def write_parquet(path: Path, table: list[dict[str, Any]]) -> Path:
    parquet.write_table(pa.Table.from_pylist(table), path)
    return path


def write_saved(path: Path, table: list[dict[str, Any]]) -> Path:
    Dataset.from_list(table).save_to_disk(str(path))
    return path


FORMATS = {
    "plain.csv": write_csv,
    "excel.csv": lambda p, t: write_csv(p, t, delimiter=";", encoding="utf-8-sig"),
    "tabs.csv": lambda p, t: write_csv(p, t, delimiter="\t", lineterminator="\r\n"),
    "unicode.csv": lambda p, t: write_csv(p, t, delimiter="\t", encoding="utf-16"),
    "plain.tsv": lambda p, t: write_csv(p, t, delimiter="\t"),
    "quoted.csv": lambda p, t: write_csv(p, t, quoting=csv.QUOTE_ALL),
    "lines.jsonl": write_jsonl,
    "lines.ndjson": write_jsonl,
    "table.parquet": write_parquet,
    "saved": write_saved,
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MERTK_HOME", str(tmp_path / "home"))
    write_wavs(tmp_path)
    return tmp_path


def table(root: Path, *lines: str) -> Path:
    path = root / "clips.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def faults(manifest: Manifest) -> str:
    with pytest.raises(CorpusError) as error:
        manifest.clips()
    return str(error.value)


class TestManifest(DatasetTests):
    component = Manifest

    @pytest.fixture
    def arguments(self, root: Path) -> dict[str, object]:
        return {"path": write_csv(root / "clips.csv", rows()), "k": 3}


class TestManifestWithASplit(DatasetTests):
    component = Manifest

    @pytest.fixture
    def arguments(self, root: Path) -> dict[str, object]:
        return {"path": write_jsonl(root / "clips.jsonl", rows()), "folds": "split"}


class TestManifestWithoutSpeakers(DatasetTests):
    component = Manifest
    shared_speakers = True

    @pytest.fixture
    def arguments(self, root: Path) -> dict[str, object]:
        table = [{k: v for k, v in row.items() if k != "speaker"} for row in rows()]
        return {"path": write_csv(root / "clips.csv", table), "folds": "column"}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_clips(root: Path, name: str) -> None:
    clips = Manifest(FORMATS[name](root / name, rows()), media_root=root).clips()
    assert len(clips) == 36
    assert clips[4] == Clip(
        id="s0c4",
        labels={"emotion": "calm", "arousal": 0.5},
        speaker="speaker0",
        group={"group": "dialogue00"},
        media={"audio": MediaRef(root / "wavs/s0.wav", 4.0, 4.5)},
        text=None,
    )
    assert clips[5].text == "words, 5;\nmore words"


def test_id_label_and_one_medium_are_enough(root: Path) -> None:
    path = table(root, "id,label,text,split", "a,sad,no,train", "b,mad,yes,test")
    clips = Manifest(path, folds="split").clips()
    assert clips == [
        Clip("a", {"emotion": "sad"}, "", text="no"),
        Clip("b", {"emotion": "mad"}, "", text="yes"),
    ]


def test_an_empty_cell_is_a_missing_modality(root: Path) -> None:
    path = table(
        root, "id,label,audio,video,text,fold", "a,x,wavs/s0.wav,,hi,1", "b,y,,wavs/s1.wav, ,2"
    )
    one, other = Manifest(path, folds="column").clips()
    assert (set(one.media), one.text) == ({"audio"}, "hi")
    assert (set(other.media), other.text) == ({"video"}, None)


def test_times_cut_sound_and_pictures_but_not_features(root: Path) -> None:
    path = table(
        root,
        "id,label,audio,video,features,start,end,fold",
        "a,x,wavs/s0.wav,wavs/s1.wav,wavs/s2.wav,1.5,,1",
        "b,y,wavs/s0.wav,wavs/s1.wav,wavs/s2.wav,,2,2",
    )
    one, other = Manifest(path, folds="column").clips()
    assert one.media["audio"] == MediaRef(root / "wavs/s0.wav", 1.5, None)
    assert one.media["video"] == MediaRef(root / "wavs/s1.wav", 1.5, None)
    assert one.media["features"] == MediaRef(root / "wavs/s2.wav")
    assert other.media["audio"] == MediaRef(root / "wavs/s0.wav", 0.0, 2.0)


def test_columns_may_be_called_otherwise(root: Path) -> None:
    names = {"id": "utterance", "label": "Emotion", "speaker": "actor"}
    renamed = [{names.get(k, k): v for k, v in row.items()} for row in rows()]
    clips = Manifest(write_csv(root / "clips.csv", renamed), columns=names).clips()
    assert clips == Manifest(write_csv(root / "plain.csv", rows()), k=2).clips()


def test_a_column_may_be_put_together_from_several(root: Path) -> None:
    path = table(root, "Dia No.,utt,label,fold", "0,1,x,1", "1,,y,2", "1,2,y,2")
    columns = {"id": "d{Dia No.}u{utt}", "audio": "wavs/s{Dia No.}.wav"}
    manifest = Manifest(path, columns=columns, folds="column")
    assert faults(manifest).endswith("1 fault\n  row 3: id: is empty")
    path.write_text(path.read_text().replace("1,,y,2", "1,0,y,2"))
    clips = Manifest(path, columns=columns, folds="column").clips()
    assert [clip.id for clip in clips] == ["d0u1", "d1u0", "d1u2"]
    assert clips[2].media["audio"].path == root / "wavs/s1.wav"
    told = faults(Manifest(path, columns={"id": "d{Dia}u{utt}"}, folds="column"))
    assert "columns.id: the table has no 'Dia'; did you mean 'Dia No.'?" in told


def test_one_file_of_features_serves_all_clips(root: Path) -> None:
    (root / "vectors.npz").write_bytes(b"")
    path = table(root, "id,label,fold", "a,x,1", "b,y,2")
    clips = Manifest(path, features=Path("vectors.npz"), folds="column").clips()
    assert {clip.media["features"].path for clip in clips} == {root / "vectors.npz"}
    assert "no such file" in faults(Manifest(path, features=Path("none.npz"), folds="column"))


def test_further_columns_are_labels_numbers_where_all_are(root: Path) -> None:
    path = table(
        root, "id,label,text,fold,valence,rater", "a,x,t,1,2,7", "b,y,t,2,,anna", "c,y,t,2,1e1,"
    )
    labels = [dict(clip.labels) for clip in Manifest(path, folds="column").clips()]
    assert labels == [
        {"emotion": "x", "valence": 2.0, "rater": "7"},
        {"emotion": "y", "rater": "anna"},
        {"emotion": "y", "valence": 10.0},
    ]


def test_numbers_that_a_gap_turned_into_floats_are_numbers_again(root: Path) -> None:
    path = write_parquet(
        root / "clips.parquet",
        [
            {"id": 1.0, "label": 0, "speaker": 3.0, "text": "t"},
            {"id": 2.0, "label": 1, "speaker": float("nan"), "text": "t"},
        ],
    )
    assert "row 2: speaker: is empty" in faults(Manifest(path, k=2))
    clips = Manifest(path, folds="split", columns={"split": "text"})
    assert "split: 't' is no part" in faults(clips)


def test_classes_are_sorted_labels_or_as_they_are_given(root: Path) -> None:
    path = write_csv(root / "clips.csv", rows())
    assert Manifest(path).card.classes == LABELS
    assert Manifest(path, classes=["happy", "calm", "angry"]).card.classes == (
        "happy",
        "calm",
        "angry",
    )


def test_rows_of_other_classes_can_be_dropped(root: Path) -> None:
    path = write_csv(root / "clips.csv", rows())
    manifest = Manifest(path, classes=["happy", "calm"], unlisted="drop")
    assert Counter(c.labels["emotion"] for c in manifest.clips()) == {"happy": 12, "calm": 12}


def test_every_fault_is_told_with_its_row(root: Path) -> None:
    path = table(
        root,
        "id,label,speaker,audio,start,end",
        "a,sad,s1,wavs/s0.wav,0,1",
        "a,sad,s1,wavs/s0.wav,0,1",
        ",happy,s2,wavs/s0.wav,,",
        "c,sat,s2,wavs/s0.wav,,",
        "d,sad,,wavs/s0.wav,0:01,",
        "e,happy,s2,wavs/s0.wav,2,1",
        "f,happy,s2,../else/s0.wav,,",
        "g,happy,s2,https://example.org/a.wav,,",
        "h,happy,s2,wavs/s0.wav",
        "",
        "i/j,happy,s2,wavs/s0.wav,-1,inf",
        "k,,s2,wavs/s0.wav,,",
    )
    told = faults(Manifest(path, classes=["sad", "happy"])).splitlines()
    assert told[0].endswith("clips.csv: 13 faults")
    for line, expected in zip(
        told[1:],
        [
            "row 3: id: 'a' stands in row 2 too",
            "row 4: id: is empty",
            "row 5: label: 'sat' is none of the classes; did you mean 'sad'?",
            "row 6: speaker: is empty",
            "row 6: start: not a number of seconds ('0:01')",
            "row 7: end: not after start (2-1)",
            "row 8: audio: '../else/s0.wav' leads out of",
            "row 9: audio: an address (https://example.org/a.wav)",
            "row 10: 4 cells under 6 columns",
            "row 12: id: 'i/j' cannot be part of a file name",
            "row 12: start: not a number of seconds ('-1')",
            "row 12: end: not a number of seconds ('inf')",
            "row 13: label: is empty",
        ],
        strict=True,
    ):
        assert expected in line


def test_many_faults_with_one_cause_are_one_line_and_still_counted(root: Path) -> None:
    path = table(root, "id,label,speaker,text", *(f"{n},x,,t" for n in range(100)))
    told = faults(Manifest(path)).splitlines()
    assert told[0].endswith("100 faults")
    assert told[1:] == ["  rows 2, 3, 4 and 97 more: speaker: is empty"]


def test_one_mistake_in_many_values_is_told_by_its_first_row(root: Path) -> None:
    outside = (f"{n},x,s,../else/{n}.wav,{'' if n != 3 else '-1'}" for n in range(9))
    path = table(root, "id,label,speaker,audio,start", *outside, "4,x,s,wavs/s0.wav,")
    told = faults(Manifest(path)).splitlines()
    assert told[0].endswith("11 faults")
    assert told[1].startswith("  rows 2, 3, 4 and 6 more, the first: audio: '../else/0.wav' leads")
    assert told[2].startswith("  row 5: start: not a number of seconds ('-1')")
    assert told[3:] == ["  row 11: id: '4' stands in row 6 too"]


def test_few_rows_with_one_cause_are_told_one_by_one(root: Path) -> None:
    path = table(root, "id,label,speaker,text", *(f"{n},x,,t" for n in range(5)))
    told = faults(Manifest(path)).splitlines()
    assert told[1:] == [f"  row {n}: speaker: is empty" for n in range(2, 7)]


def test_a_label_that_is_misspelt_is_told_for_each_spelling(root: Path) -> None:
    rows = [f"{n},{'sat' if n < 50 else 'hap'},s,t" for n in range(100)]
    told = faults(Manifest(table(root, "id,label,speaker,text", *rows), classes=["sad", "happy"]))
    assert told.splitlines()[1:] == [
        "  rows 2, 3, 4 and 47 more: label: 'sat' is none of the classes; did you mean 'sad'?",
        "  rows 52, 53, 54 and 47 more: label: 'hap' is none of the classes; did you mean 'happy'?",
    ]


def test_more_than_twenty_lines_are_cut(root: Path) -> None:
    rows = [f"{n},word{n},s,t" for n in range(50)]
    told = faults(Manifest(table(root, "id,label,speaker,text", *rows), classes=["sad", "happy"]))
    assert told.splitlines()[0].endswith("50 faults")
    assert told.splitlines()[-1] == "  ... and 30 lines more"


def test_json_faults_are_told_by_line(root: Path) -> None:
    path = root / "clips.jsonl"
    path.write_text('{"id": "a", "label": "x", "text": "t", "fold": 1}\n\n{"id": \n[1]\n')
    told = faults(Manifest(path, folds="column"))
    assert "row 3: not JSON" in told
    assert "row 4: a list, not an object" in told


def test_a_cell_that_is_a_list_is_a_fault(root: Path) -> None:
    lines = [{"id": "a", "label": ["x", "y"], "text": "t", "fold": 1}]
    path = write_jsonl(root / "clips.jsonl", lines)
    assert "row 1: label: a list, not text" in faults(Manifest(path, folds="column"))


def test_missing_columns_are_told_together_with_near_names(root: Path) -> None:
    path = table(root, "Id,labels,speakr,wav", "a,x,s,t")
    told = faults(Manifest(path))
    assert told.splitlines()[0].endswith("4 faults")
    assert "no column 'id'; there are: Id, labels, speakr, wav; name yours with columns={" in told
    assert "no column 'label'; did you mean 'labels'?" in told
    assert "no column 'speaker' (folds=speaker needs it); did you mean 'speakr'?" in told
    assert "no medium: needs a column audio, video, text or features" in told


def test_a_renamed_column_that_is_not_there_is_told(root: Path) -> None:
    path = write_csv(root / "clips.csv", rows())
    told = faults(Manifest(path, columns={"speaker": "spekaer"}))
    assert "columns.speaker: the table has no 'spekaer'; did you mean 'speaker'?" in told


def test_a_further_column_cannot_take_the_labels_place(root: Path) -> None:
    path = table(root, "id,label,emotion,text,fold", "a,0,x,t,1", "b,1,y,t,2")
    assert "columns={label: emotion}" in faults(Manifest(path, folds="column"))
    clips = Manifest(path, folds="column", columns={"label": "emotion"}).clips()
    assert [dict(c.labels) for c in clips] == [
        {"emotion": "x", "label": 0.0},
        {"emotion": "y", "label": 1.0},
    ]


def test_a_class_without_a_row_is_told(root: Path) -> None:
    path = write_csv(root / "clips.csv", rows())
    told = faults(Manifest(path, classes=[*LABELS, "hapy"]))
    assert "classes: no row is labelled 'hapy'; did you mean 'happy'?" in told


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "there are no rows"),
        (b"id,label,text,fold\n", "there are no rows"),
        (b"id,label,text,fold\na,x,t,1\n", "every row says 'x'"),
        (b"id,id,text\na,b,c\n", "two columns are named 'id'"),
        (b'id,label,text\na,x,"open\n', "not valid CSV"),
        (b"id,label,text\na,x,\xe9t\xe9\n", r"line 2: not UTF-8 (byte 0xe9); save the file as UTF"),
    ],
)
def test_a_broken_csv_says_how(root: Path, content: bytes, told: str) -> None:
    path = root / "clips.csv"
    path.write_bytes(content)
    assert told in faults(Manifest(path, folds="column"))


def test_the_index_that_pandas_writes_is_passed_over(root: Path) -> None:
    path = table(root, ",id,label,text,fold", "0,a,x,t,1", "1,b,y,t,2", ",,,,")
    assert [c.id for c in Manifest(path, folds="column").clips()] == ["a", "b"]


@pytest.mark.parametrize("name", ["none.csv", "folder", "clips.txt", "fake.parquet"])
def test_what_is_no_manifest_says_so(root: Path, name: str) -> None:
    (root / "folder").mkdir()
    (root / "clips.txt").write_text("id,label\n")
    (root / "fake.parquet").write_text("id,label\n")
    told = faults(Manifest(root / name))
    assert name in told
    assert "Traceback" not in told


def test_media_below_the_root_may_not_lead_out_of_it(root: Path) -> None:
    outside = root.parent / f"{root.name}-outside.wav"
    outside.write_bytes(b"RIFF")
    (root / "wavs/link.wav").symlink_to(outside)
    for cell in (str(outside), f"../{outside.name}", f"wavs/../../{outside.name}"):
        path = table(root, "id,label,audio,fold", f"a,x,{cell},1", "b,y,wavs/link.wav,2")
        assert "row 2: audio" in faults(Manifest(path, folds="column"))
        clips = Manifest(path, folds="column", allow_outside=True).clips()
        assert clips[0].media["audio"].path == outside
    path = table(root, "id,label,audio,fold", "a,x,wavs/link.wav,1", "b,y,wavs/s0.wav,2")
    assert Manifest(path, folds="column").clips()[0].media["audio"].path.name == "link.wav"


def test_nor_where_the_root_is_named_from_the_working_folder(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root.parent / "outside.wav").write_bytes(b"RIFF")
    for folder, path in ((root, "clips.csv"), (root / "wavs", "../clips.csv")):
        monkeypatch.chdir(folder)
        table(root, "id,label,audio,fold", "a,x,../outside.wav,1", "b,y,wavs/s0.wav,2")
        assert "row 2: audio: '../outside.wav' leads out" in faults(
            Manifest(Path(path), folds="column")
        )


@pytest.mark.parametrize("name", ["x" * 5000, "wavs/" + "x" * 300 + ".wav"])
def test_a_name_that_no_file_can_have_is_a_missing_file(root: Path, name: str) -> None:
    path = table(root, "id,label,audio,fold", f"a,x,{name},1", "b,y,wavs/s0.wav,2")
    clips = Manifest(path, folds="column").clips()
    with pytest.raises(MediaError, match="cannot be read"):
        media.digest(clips[0].media["audio"].path)


def test_a_path_with_a_nul_is_a_fault(root: Path) -> None:
    path = table(root, "id,label,audio,fold", "a,x,wavs/\0.wav,1", "b,y,wavs/s0.wav,2")
    assert r"row 2: audio: 'wavs/\x00.wav' is no path" in faults(Manifest(path, folds="column"))


def test_paths_may_be_absolute_and_written_on_windows(root: Path) -> None:
    path = table(root, "id,label,audio,fold", r"a,x,wavs\s0.wav,1", f"b,y,{root / 'wavs/s1.wav'},2")
    clips = Manifest(path, folds="column").clips()
    assert [c.media["audio"].path for c in clips] == [root / "wavs/s0.wav", root / "wavs/s1.wav"]


def test_a_wrong_media_root_is_told_one_lost_file_is_not(root: Path) -> None:
    path = write_csv(root / "clips.csv", rows())
    told = faults(Manifest(path, media_root=root / "wavs"))
    assert "none of the 36 media files is there, for example" in told
    assert "set `media_root`" in told
    (root / "wavs/s3.wav").unlink()
    assert len(Manifest(path).clips()) == 36


def test_folds_by_speaker_are_disjoint_even_and_do_not_depend_on_the_order(root: Path) -> None:
    table = rows()
    manifest = Manifest(write_csv(root / "clips.csv", table), k=3)
    folds = manifest.folds()
    assert [fold.name for fold in folds] == ["fold1", "fold2", "fold3"]
    assert [len({i[:2] for i in fold.test}) for fold in folds] == [2, 2, 2]
    random.Random(0).shuffle(table)
    assert Manifest(write_csv(root / "other.csv", table), k=3).folds() == folds


def test_folds_are_what_they_were_when_they_were_published(root: Path) -> None:
    """A change here changes everybody's results."""
    groups = [f"s{n % 7}" for n in range(60)]
    classes = [LABELS[(n * n + n // 7) % 3] for n in range(60)]
    assert deal(groups, classes, 3) == PUBLISHED


PUBLISHED = [{"s0", "s4"}, {"s1", "s5", "s6"}, {"s2", "s3"}]


def test_folds_by_group_keep_groups_whole(root: Path) -> None:
    manifest = Manifest(write_csv(root / "clips.csv", rows()), folds="group", k=2)
    group = {clip.id: clip.group["group"] for clip in manifest.clips()}
    one, other = ({group[i] for i in fold.test} for fold in manifest.folds())
    assert one | other == set(group.values())
    assert not one & other


def test_one_fold_for_each_speaker_bears_its_name(root: Path) -> None:
    folds = Manifest(write_csv(root / "clips.csv", rows()), k=None).folds()
    assert [fold.name for fold in folds] == [f"speaker{n}" for n in range(6)]
    assert folds[2].test == {f"s2c{n}" for n in range(6)}


def test_folds_by_column_test_on_each_value_once(root: Path) -> None:
    folds = Manifest(write_csv(root / "clips.csv", rows()), folds="column").folds()
    assert [fold.name for fold in folds] == ["session0", "session1"]
    assert {i[1] for i in folds[1].test} == {"1", "3", "5"}
    assert folds[1].train == folds[0].test


def test_the_published_split_is_one_fold_with_a_validation_part(root: Path) -> None:
    (fold,) = Manifest(write_csv(root / "clips.csv", rows()), folds="split").folds()
    assert {i[1] for i in fold.train} == {"0", "3"}
    assert {i[1] for i in fold.valid} == {"1", "4"}
    assert {i[1] for i in fold.test} == {"2", "5"}


def test_too_few_speakers_for_the_folds_say_what_could_be(root: Path) -> None:
    path = write_csv(root / "clips.csv", rows(speakers=3))
    with pytest.raises(CorpusError, match=r"3 speakers do not make k=5 folds; set k to 3 or fewer"):
        Manifest(path).folds()


def test_a_split_without_a_test_part_is_told(root: Path) -> None:
    path = table(root, "id,label,text,split", "a,x,t,train", "b,y,t,dev")
    with pytest.raises(CorpusError, match="no row says 'test'"):
        Manifest(path, folds="split").folds()
    path = table(root, "id,label,text,split", "a,x,t,train", "b,y,t,tset")
    assert "row 3: split: 'tset' is no part; did you mean 'test'?" in faults(
        Manifest(path, folds="split")
    )


def test_one_fold_only_is_told_and_so_is_a_name_that_no_file_can_have(root: Path) -> None:
    path = table(root, "id,label,text,fold", "a,x,t,1", "b,y,t,1")
    with pytest.raises(CorpusError, match=r"one fold only \('1'\)"):
        Manifest(path, folds="column").folds()
    path = table(root, "id,label,text,fold", "a,x,t,1/2", "b,y,t,1")
    with pytest.raises(CorpusError, match="fold '1/2' cannot name a fold"):
        Manifest(path, folds="column").folds()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=80),
    st.integers(1, 10),
    st.randoms(use_true_random=False),
)
def test_dealt_parts_cover_all_groups_once_and_depend_on_them_only(
    clips: list[tuple[int, int]], k: int, chance: random.Random
) -> None:
    groups, classes = [f"g{g}" for g, _ in clips], [f"c{c}" for _, c in clips]
    there = set(groups)
    if k > len(there):
        with pytest.raises(ValueError, match=r"^k: "):
            deal(groups, classes, k)
        return
    parts = deal(groups, classes, k)
    assert len(parts) == k
    assert all(parts)
    assert sorted(g for part in parts for g in part) == sorted(there)
    chance.shuffle(clips)
    assert deal([f"g{g}" for g, _ in clips], [f"c{c}" for _, c in clips], k) == parts


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 8), st.integers(1, 5), st.integers(1, 4))
def test_equal_groups_are_dealt_evenly(k: int, each: int, size: int) -> None:
    groups = [f"g{g:02}" for g in range(k * each) for _ in range(3 * size)]
    classes = [LABELS[n % 3] for n in range(len(groups))]
    assert {len(part) for part in deal(groups, classes, k)} == {each}


def test_dealing_evens_classes_out_where_sizes_alone_would_not() -> None:
    """Two speakers of one class each, twice: each part gets one of either."""
    groups = [g for g in ("a", "b", "c", "d") for _ in range(10)]
    classes = [c for c in ("x", "x", "y", "y") for _ in range(10)]
    assert sorted(map(sorted, deal(groups, classes, 2))) == [["a", "c"], ["b", "d"]]


def wav(root: Path) -> bytes:
    return (root / "wavs/s5.wav").read_bytes()


HUB = Features({"id": Value("string"), "label": ClassLabel(names=["mad", "sad"]), "audio": Audio()})


def hub_split(root: Path, begin: int) -> Dataset:
    table = {
        "id": [f"c{begin}", f"c{begin + 1}"],
        "label": [0, 1],
        "audio": [{"bytes": wav(root), "path": "take 1.WAV"}, None],
    }
    return Dataset.from_dict(table).cast(HUB)


def check_embedded(root: Path, clips: list[Clip]) -> None:
    assert [c.labels["emotion"] for c in clips] == ["mad", "sad"] * (len(clips) // 2)
    assert [set(c.media) for c in clips] == [{"audio"}, set()] * (len(clips) // 2)
    path = clips[0].media["audio"].path
    assert path.is_relative_to(root / "home")
    assert path.suffix == ".wav"
    assert path.read_bytes() == wav(root)
    assert sound(clips[0].media["audio"], 8000).shape == (80,)


def test_a_saved_dataset_with_embedded_sound_is_read_as_it_is(root: Path) -> None:
    parts = {"train": hub_split(root, 0), "validation": hub_split(root, 2)}
    DatasetDict({**parts, "test": hub_split(root, 4)}).save_to_disk(str(root / "saved"))
    manifest = Manifest(root / "saved", folds="split")
    check_embedded(root, list(manifest.clips()))
    (fold,) = manifest.folds()
    assert (fold.train, fold.valid, fold.test) == ({"c0", "c1"}, {"c2", "c3"}, {"c4", "c5"})


def test_embedded_sound_is_written_once(root: Path) -> None:
    hub_split(root, 0).save_to_disk(str(root / "saved"))
    columns = {"fold": "id"}
    (first, _) = Manifest(root / "saved", folds="column", columns=columns).clips()
    path = first.media["audio"].path
    before = path.stat().st_mtime_ns
    Manifest(root / "saved", folds="column", columns=columns).clips()
    assert path.stat().st_mtime_ns == before
    path.write_bytes(b"half")
    Manifest(root / "saved", folds="column", columns=columns).clips()
    assert path.read_bytes() == wav(root)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_parquet_with_embedded_sound_is_read_as_it_is(root: Path) -> None:
    hub_split(root, 0).to_parquet(str(root / "clips.parquet"))
    manifest = Manifest(root / "clips.parquet", folds="column", columns={"fold": "id"})
    check_embedded(root, list(manifest.clips()))


def test_a_hub_dataset_may_name_files(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"id": ["a", "b"], "label": ["x", "y"], "video": ["wavs/s0.wav", None], "fold": [1, 2]}
    dataset = Dataset.from_dict(table).cast_column("video", Video())
    monkeypatch.setattr("datasets.load_dataset", lambda *_, **__: dataset)
    clips = Manifest(dataset="someone/emotions", media_root=root, folds="column").clips()
    assert [clip.media for clip in clips] == [{"video": MediaRef(root / "wavs/s0.wav")}, {}]


def test_a_full_disk_is_told_and_leaves_no_half_file(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_split(root, 0).save_to_disk(str(root / "saved"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    manifest = Manifest(root / "saved", folds="column", columns={"fold": "id"})
    with pytest.raises(CorpusError, match=r"cannot write media .*No space left.*MERTK_HOME"):
        manifest.clips()
    assert not [p for p in (root / "home").rglob("*") if p.is_file()]


def test_a_hub_dataset_is_loaded_by_name_config_and_revision(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def load_dataset(*names: str, **how: str) -> DatasetDict:
        asked.append((names, how))
        return DatasetDict({"train": hub_split(root, 0), "test": hub_split(root, 2)})

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    manifest = Manifest(dataset="someone/emotions", config="clean", revision="abc", folds="split")
    assert [clip.id for clip in manifest.clips()] == ["c0", "c1", "c2", "c3"]
    assert asked == [(("someone/emotions", "clean"), {"revision": "abc"})]
    assert manifest.card.title == "someone/emotions"


def test_a_hub_dataset_that_cannot_be_loaded_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_dataset(*_: str, **__: str) -> None:
        raise ConnectionError("Couldn't reach 'someone/emotoins' on the Hub")

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    with pytest.raises(CorpusError, match=r"dataset 'someone/emotoins': cannot be loaded.*reach"):
        Manifest(dataset="someone/emotoins", folds="split").clips()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, r"^path: a manifest is either a file or a hub dataset"),
        ({"path": Path("a.csv"), "dataset": "a/b"}, r"^path: a manifest is either"),
        ({"path": Path("a.csv"), "revision": "abc"}, r"^dataset: `config` and `revision` belong"),
        ({"path": Path("a.csv"), "columns": {"lable": "x"}}, r"^columns: .* mean 'label'\?"),
        ({"path": Path("a.csv"), "classes": ["a", "a"]}, r"^classes: a name stands twice"),
        ({"path": Path("a.csv"), "classes": ["a"]}, r"^classes: fewer than two"),
        ({"path": Path("a.csv"), "unlisted": "drop"}, r"^unlisted: 'drop' needs `classes`"),
        ({"path": Path("a.csv"), "k": 1}, r"^k: folds to train and test need at least 2"),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(
    arguments: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        Manifest(**arguments)


MELD = {"label": "Emotion", "speaker": "Speaker", "text": "Utterance"}


@needs_shared
def test_a_real_table_of_9989_utterances_is_read_as_it_was_published() -> None:
    manifest = Manifest(
        SHARED / "data/meld/train_sent_emo.csv",
        columns={**MELD, "id": "dia{Dialogue_ID}_utt{Utterance_ID}"},
    )
    clips = manifest.clips()
    assert len(clips) == 9989
    assert len(manifest.card.classes) == 7
    assert clips[1].id == "dia0_utt1"
    assert clips[1].text == "You must’ve had your hands full."
    assert clips[1].labels["Sentiment"] == "neutral"
    assert clips[1].labels["Season"] == 8.0
    speakers = {clip.id: clip.speaker for clip in clips}
    for fold in manifest.folds():
        assert not {speakers[i] for i in fold.train} & {speakers[i] for i in fold.test}


@needs_shared
def test_the_serial_number_of_that_table_is_found_not_to_be_unique() -> None:
    path = SHARED / "data/meld/train_sent_emo.csv"
    told = faults(Manifest(path, columns={**MELD, "id": "Sr No."}))
    rows = "rows 344, 345, 346 and 54 more, the first"
    assert f"57 faults\n  {rows}: id: '329' stands in row 324 too" in told


@needs_shared
def test_real_films_can_be_decoded_where_a_manifest_says(root: Path) -> None:
    data = SHARED / "data"
    films = [*data.glob("ravdess/*/Actor_05/*.mp4"), *data.glob("crema_d/**/*.flv")]
    films += sorted(data.glob("ravdess/face_crops/Actor_05/*.avi"))[:4]
    lines = [f"{n},{LABELS[n % 3]},{film},{n % 2}" for n, film in enumerate(films)]
    path = table(root, "id,label,video,fold", *lines)
    clips = Manifest(path, media_root=data, folds="column").clips()
    assert len(clips) == 15
    for clip in clips:
        first = next(iter(pictures(clip.media["video"], max_frames=1)))
        assert first.shape[2] == 3
        assert first.any()


# Dimensions and labels


def numbers(table: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows, each with a sentiment, an arousal that may be missing, and two labels."""
    return [
        {
            **{k: v for k, v in row.items() if k not in ("label", "arousal")},
            "sentiment": (n % 7) - 3,
            "arousal": "" if n % 4 == 0 else n % 5 + 0.5,
            "happy": n % 2,
            "sad": (n // 2) % 2,
        }
        for n, row in enumerate(table)
    ]


class TestConformanceOfDimensions(DatasetTests):
    component = Manifest

    @pytest.fixture
    def arguments(self, tmp_path: Path) -> dict[str, Any]:
        write_wavs(tmp_path)
        path = write_csv(tmp_path / "clips.csv", numbers(rows()))
        return {"path": path, "target": "dimensions", "classes": ["sentiment", "arousal"], "k": 3}


class TestConformanceOfLabels(DatasetTests):
    component = Manifest

    @pytest.fixture
    def arguments(self, tmp_path: Path) -> dict[str, Any]:
        write_wavs(tmp_path)
        path = write_csv(tmp_path / "clips.csv", numbers(rows()))
        return {"path": path, "target": "labels", "classes": ["happy", "sad"], "k": 3}


@pytest.mark.parametrize("write", [write_csv, write_jsonl])
def test_numbers_are_read_from_columns_of_their_own(tmp_path: Path, write) -> None:
    write_wavs(tmp_path)
    path = write(tmp_path / f"clips.{write.__name__[6:]}", numbers(rows()))
    rated = Manifest(
        path,
        target="dimensions",
        classes=["valence", "arousal"],
        columns={"valence": "sentiment"},
    )
    assert (rated.card.target, rated.card.classes) == ("dimensions", ("valence", "arousal"))
    first, second = rated.clips()[:2]
    assert {k: first.labels.get(k) for k in ("valence", "arousal")} == {
        "valence": -3.0,
        "arousal": None,
    }
    assert (second.labels["valence"], second.labels["arousal"], second.labels["happy"]) == (
        -2,
        1.5,
        1,
    )
    assert len(rated.folds()) == 5
    labelled = Manifest(path, target="labels", classes=["happy", "sad"])
    assert [c.labels["sad"] for c in labelled.clips()[:4]] == [0, 0, 1, 1]


def test_numbers_that_are_none_are_told_by_row(tmp_path: Path) -> None:
    write_wavs(tmp_path)
    table = numbers(rows())
    table[0] |= {"sentiment": "good", "happy": 0.5}
    table[4] |= {"sentiment": "", "arousal": ""}
    path = write_csv(tmp_path / "clips.csv", table)
    with pytest.raises(CorpusError) as caught:
        Manifest(path, target="dimensions", classes=["sentiment", "arousal"]).clips()
    assert "row 2: sentiment: not a number ('good')" in str(caught.value)
    assert "row 6: sentiment, arousal: all are empty; leave the row out" in str(caught.value)
    with pytest.raises(CorpusError, match=r"row 2: happy: neither 0 nor 1 \(0\.5\)"):
        Manifest(path, target="labels", classes=["happy", "sad"]).clips()
    with pytest.raises(CorpusError, match="no column 'dominance'"):
        Manifest(path, target="dimensions", classes=["dominance"]).clips()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": "dimensions"}, "classes: name the columns that hold the dimensions"),
        ({"target": "labels", "classes": []}, "classes: name the columns that hold the labels"),
        ({"target": "labels", "classes": ["text"]}, "classes: a column of another meaning"),
        ({"target": "labels", "classes": ["a", "a"]}, "classes: a name stands twice"),
        (
            {"target": "labels", "classes": ["a"], "unlisted": "drop"},
            "unlisted: 'drop' is of use for classes only",
        ),
    ],
)
def test_what_does_not_fit_numbers_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Manifest(Path("clips.csv"), **arguments)
