"""Whether a system may have met its test clips in an encoder's pre-training, and who is told."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mertk.check import resolve
from mertk.cli import main
from mertk.contamination import contaminated, declared, notices, unknown
from mertk.draft import Draft, read
from mertk.registry import discover
from mertk.report import Report
from mertk.rows import row
from mertk_plugins.metrics.ua import UA
from tests.results_made import system

PARTS = """
from dataclasses import replace
from mertk.contracts import Pretraining
from tests.toy_parts import Corpus, Spelled

class Real(Corpus):
    @property
    def card(self):
        return replace(super().card, synthetic=False, corpus="IEMOCAP")

class Nameless(Real):
    @property
    def card(self):
        return replace(super().card, corpus="")

class Tuned(Spelled):
    @classmethod
    def pretraining(cls, arguments):
        return Pretraining(("LibriSpeech", "iemocap"), complete=True, weights="tuned-1")

class Web(Spelled):
    @classmethod
    def pretraining(cls, arguments):
        return Pretraining(note="pages of the web")

class Clean(Spelled):
    @classmethod
    def pretraining(cls, arguments):
        return Pretraining(("LibriSpeech",), complete=True)

class Fails(Spelled):
    @classmethod
    def pretraining(cls, arguments):
        return arguments["nothing"]

class Ends(Spelled):
    @classmethod
    def pretraining(cls, arguments):
        raise SystemExit(3)

class Other(Spelled):
    @classmethod
    def pretraining(cls, arguments):
        return {"corpora": ["IEMOCAP"]}

class Letters(Spelled):
    @classmethod
    def pretraining(cls, arguments):
        return Pretraining("IEMOCAP", complete=True)

class Numbers(Spelled):
    @classmethod
    def pretraining(cls, arguments):
        return Pretraining((3, None), complete=True)
"""


def said(*corpora: str, known: bool = True, note: str = "") -> dict[str, Any]:
    made = {"use": "whisper", "weights": "tiny", "corpora": [*corpora], "known": known}
    return {**made, "note": note}


def test_a_corpus_among_the_declared_ones_contaminates() -> None:
    encoders = {"audio": said("LibriSpeech", "IEMOCAP"), "video": said("ImageNet-1k")}
    assert contaminated("IEMOCAP", encoders) == ["audio"]
    assert list(notices("IEMOCAP", encoders)) == [
        "contaminated: audio (whisper, tiny) was pre-trained on IEMOCAP, the corpus it is tested on"
    ]
    assert list(notices("RAVDESS", encoders)) == []


def test_what_nobody_has_listed_is_unknown_and_not_clean() -> None:
    encoders = {"audio": said(known=False, note="web audio"), "video": said()}
    assert unknown("RAVDESS", encoders) == ["audio"]
    assert list(notices("RAVDESS", encoders)) == [
        "unknown whether test clips were in the pre-training of audio (whisper, tiny: web audio)"
    ]


def test_a_corpus_without_a_name_cannot_be_looked_for() -> None:
    (told,) = notices("", {"audio": said("LibriSpeech"), "video": said()})
    assert told.startswith("the test corpus has no name that can be looked for")
    assert "audio (whisper, tiny)" in told
    assert "video" not in told
    assert list(notices("", {"video": said()})) == []


@pytest.mark.parametrize(
    ("corpus", "name"),
    [("MSP-Podcast", "msp podcast"), ("CREMA-D", "CREMAD"), ("IEMOCAP", "iemocap")],
)
def test_names_count_however_people_write_them(corpus: str, name: str) -> None:
    assert contaminated(corpus, {"a": said(name)}) == ["a"]


@given(
    st.text(max_size=8),
    st.dictionaries(
        st.sampled_from("abc"),
        st.builds(lambda c, k: said(*c, known=k), st.lists(st.text(max_size=8)), st.booleans()),
    ),
)
def test_a_stream_is_contaminated_or_unknown_or_neither_and_never_both(corpus, encoders) -> None:
    one, other = contaminated(corpus, encoders), unknown(corpus, encoders)
    assert not set(one) & set(other)
    clean = set(encoders) - {*one, *other}
    assert all(
        encoders[s]["known"] and corpus not in encoders[s]["corpora"] for s in clean if corpus
    )


@pytest.fixture
def parts(write) -> Path:
    return write("parts.py", PARTS)


def resolved(toy: Draft, *sets: str):
    return resolve(toy.set(sets), discover())


def test_a_recipe_adds_to_what_its_encoder_declares(toy: Draft, parts: Path) -> None:
    told = declared(
        resolved(toy, f"encoders.words={{use: '{parts}:Clean', pretrained_on: [MSP-Podcast]}}")
    )
    assert told["words"] == {
        "use": "parts.py:Clean",
        "weights": "",
        "corpora": ["LibriSpeech", "MSP-Podcast"],
        "known": True,
        "note": "",
    }
    assert told["again"]["note"] == "it does not say"
    assert not told["again"]["known"]


def test_an_encoder_whose_word_fails_is_unknown(toy: Draft, parts: Path) -> None:
    told = declared(resolved(toy, f"encoders.words={parts}:Fails"))["words"]
    assert not told["known"]
    assert "KeyError: 'nothing'" in told["note"]


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("Ends", "SystemExit: 3"),
        ("Other", "it says a dict, no Pretraining"),
        ("Letters", "corpora must be several texts"),
        ("Numbers", "corpora must be several texts"),
    ],
)
def test_an_encoder_that_says_nonsense_is_unknown_and_stops_nothing(
    toy: Draft, parts: Path, part: str, told: str
) -> None:
    found = declared(resolved(toy, f"encoders.words={parts}:{part}"))["words"]
    assert not found["known"]
    assert found["corpora"] == []
    assert "its `pretraining` fails: " in found["note"]
    assert told in found["note"]


def test_declarations_change_no_fingerprint(toy: Draft) -> None:
    before = resolved(toy).fingerprint
    sets = ["encoders.words.pretrained_on=[IEMOCAP]", "dataset.corpus=IEMOCAP"]
    assert resolved(toy, *sets).fingerprint == before


def test_a_declaration_belongs_to_the_encoder_and_does_not_stay_when_it_is_swapped(
    toy: Draft, parts: Path
) -> None:
    swapped = toy.set(["encoders.words.pretrained_on=[IEMOCAP]"]).swap({"words": f"{parts}:Web"})
    assert declared(resolve(swapped, discover()))["words"]["corpora"] == []


def conduct(toy: Draft, parts: Path, folder: Path, capsys, *sets: str) -> tuple[dict, str, dict]:
    """Run one fold; tells the row, what the table says, and what the trial keeps."""
    content = {**toy.content, "tasks": {}, "fusion": "concat"}
    (folder / "r.yaml").write_text(yaml.safe_dump(content), "utf-8")
    words = [w for s in ("train.epochs=1", *sets) for w in ("--set", s.replace("@", f"{parts}:"))]
    argv = ["run", str(folder / "r.yaml"), "--results", str(folder / "out"), "--folds", "fold1"]
    assert main([*argv, *words, "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["rows"]
    assert main([*argv, *words]) == 0
    text = " ".join(capsys.readouterr().out.split())
    (kept,) = folder.glob("out/*/*/*/trial.json")
    return told, text, json.loads(kept.read_text("utf-8"))


def test_a_trial_keeps_what_was_declared_and_its_table_says_so(
    toy: Draft, parts: Path, tmp_path: Path, capsys
) -> None:
    sets = ["dataset=@Real", "encoders.words=@Tuned", "encoders.again=@Web"]
    told, text, kept = conduct(toy, parts, tmp_path, capsys, *sets)
    assert kept["corpus"]["name"] == "IEMOCAP"
    assert kept["provenance"]["pretrained_on"]["words"]["corpora"] == ["LibriSpeech", "iemocap"]
    assert told["pre_training"]["contaminated"] == ["words"]
    assert told["pre_training"]["unknown"] == ["again"]
    assert "contaminated: words (parts.py:Tuned, tuned-1) was pre-trained on IEMOCAP" in text
    assert "unknown whether test clips were in the pre-training of again (parts.py:Web" in text


def test_what_is_declared_later_is_said_of_trials_that_are_there(
    toy: Draft, parts: Path, tmp_path: Path, capsys
) -> None:
    sets = ["dataset=@Real", "encoders.words=@Clean", "encoders.again=@Clean"]
    told, text, _ = conduct(toy, parts, tmp_path, capsys, *sets)
    assert told["pre_training"]["contaminated"] == []
    assert "contaminated" not in text
    more = [*sets, "encoders.again.pretrained_on=[iemocap]"]
    told, text, _ = conduct(toy, parts, tmp_path, capsys, *more)
    assert told["pre_training"]["contaminated"] == ["again"]
    assert "there before: 1 trial" in text


def test_a_dry_run_tells_it_before_anything_is_trained(
    toy: Draft, parts: Path, tmp_path: Path, capsys
) -> None:
    content = {**toy.content, "dataset": f"{parts}:Real"}
    content["encoders"] = {**content["encoders"], "words": f"{parts}:Tuned"}
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(content), "utf-8")
    assert main(["run", str(tmp_path / "r.yaml"), "--dry-run"]) == 0
    assert "contaminated: words" in " ".join(capsys.readouterr().out.split())


def test_a_generated_corpus_was_in_nobodys_pre_training(
    toy: Draft, parts: Path, tmp_path: Path, capsys
) -> None:
    told, text, _ = conduct(toy, parts, tmp_path, capsys, "encoders.words=@Web")
    assert "pre_training" not in told
    assert "pre-training" not in text


def test_a_corpus_of_ones_own_gets_its_name_from_the_recipe(
    toy: Draft, parts: Path, tmp_path: Path, capsys
) -> None:
    sets = ["dataset={use: '@Nameless', corpus: MELD}", "encoders.words=@Clean"]
    sets.append("encoders.again={use: '@Clean', pretrained_on: [meld]}")
    told, _, kept = conduct(toy, parts, tmp_path, capsys, *sets)
    assert kept["corpus"]["name"] == "MELD"
    assert told["pre_training"]["contaminated"] == ["again"]


def test_a_comparison_reads_it_from_what_was_kept(tmp_path: Path) -> None:
    corpus = {"title": "t", "synthetic": False, "classes": list("abcd"), "name": "IEMOCAP"}
    began = {"began": "2026-01-01T00:00:00+00:00"}
    facts = {"corpus": corpus, "provenance": {**began, "pretrained_on": {"a": said("IEMOCAP")}}}
    rows = [
        row(name, system(tmp_path / name, 0.5, **f), {"ua": UA()}, selected_on_test=False)
        for name, f in (("new", facts), ("old", {}))
    ]
    report = Report(rows)
    assert sum("contaminated: a (whisper, tiny)" in line for line in report.legend()) == 1
    assert [("pre_training" in told) for told in report.as_json()] == [True, False]


def test_results_of_earlier_versions_say_nothing(tmp_path: Path) -> None:
    old = row("old", system(tmp_path / "old", 0.5), {"ua": UA()}, selected_on_test=False)
    assert old.corpus is None
    assert old.pretrained_on == {}
    assert not any("pre-train" in line for line in Report([old]).legend())


def test_the_recipe_on_ravdess_says_what_is_unknown_of_it(capsys) -> None:
    assert main(["check", "foalnet-ravdess", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["pretrained_on"]
    assert told["audio"]["weights"] == "openai/whisper-tiny.en"
    assert told == declared(resolve(read("foalnet-ravdess"), discover()))
    assert unknown("RAVDESS", told) == ["audio", "video"]


def test_show_tells_what_an_encoder_was_pre_trained_on(capsys) -> None:
    assert main(["show", "wavlm"]) == 0
    told = capsys.readouterr().out
    assert "Pre-trained on: Libri-Light, GigaSpeech, VoxPopuli (microsoft/wavlm-large)" in told
