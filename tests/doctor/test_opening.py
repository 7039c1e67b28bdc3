"""A dataset is opened by name, by class or from a recipe, as far as it can be."""

from pathlib import Path

import pytest

from mertk.doctor import Examined, diagnose, open_dataset
from mertk.errors import MertkError
from mertk.registry import discover
from tests.conftest import PARTS
from tests.doctor.corpora import found
from tests.plugins.datasets.iemocap_release import write_full_release
from tests.plugins.datasets.test_ravdess import audio, names, write
from tests.shared import SHARED, needs_shared


def test_a_dataset_is_named_as_in_a_recipe_or_by_a_recipe(tmp_path: Path) -> None:
    toy = f"dataset: {{use: '{PARTS}:Corpus', speakers: 4, exclude: [s0_ang_0]}}\nname: 5\n"
    (tmp_path / "my.yaml").write_text(toy, encoding="utf-8")
    from_recipe = open_dataset(str(tmp_path / "my.yaml"), ["per_class=2"], discover())
    assert (len(from_recipe.clips), from_recipe.excluded) == (4 * 4 * 2 - 1, ("s0_ang_0",))
    assert all("s0_ang_0" not in fold.train | fold.test for fold in from_recipe.folds)
    for module in ("tests.toy_parts", str(PARTS)):
        direct = open_dataset(
            f"{module}:Corpus", ["dataset.speakers=4", "exclude=[s0_ang_0]"], discover()
        )
        assert len(direct.clips) == 4 * 4 * 4 - 1


@pytest.mark.parametrize(
    ("named", "sets", "what"),
    [
        ("ravdes", (), "ravdes: neither a dataset nor a recipe; did you mean 'ravdess'"),
        ("nope.yaml", (), "no such recipe"),
        ("ravdess", (), "dataset.root: 'ravdess' needs this argument"),
        ("ravdess", ("rot=x",), "dataset.rot: 'ravdess' takes no such argument; did you mean"),
        ("ravdess", ("root",), "expected PATH=VALUE"),
        ("ravdess", ("root=.", "classes=5"), "dataset.classes: expected 4, 6 or 8"),
        ("ravdess", ("root=.", "channel=song"), "dataset.classes: disgust and surprised were not"),
        ("ravdess", ("root=./none",), "none: no such folder"),
        ("tests.toy_parts:Corpus", ("exclude=[x]",), "dataset.exclude: there is no clip 'x'"),
        ("tests.toy_parts:Spelled", (), "is no dataset: it lacks clips, folds"),
        ("concat-ravdess", ("train.lr=1",), "dataset.train: 'ravdess' takes no such argument"),
    ],
)
def test_what_is_named_wrongly_is_told(named: str, sets: tuple[str, ...], what: str) -> None:
    with pytest.raises(MertkError) as told:
        open_dataset(named, sets, discover())
    assert what in str(told.value)


def test_a_recipe_without_a_dataset_is_told(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text("name: x\n", encoding="utf-8")
    with pytest.raises(MertkError, match="dataset: is missing"):
        open_dataset(str(tmp_path / "my.yaml"), [], discover())


def test_a_whole_release_of_iemocap_has_the_published_counts(tmp_path: Path) -> None:
    write_full_release(tmp_path)
    whole = open_dataset("iemocap", [f"root={tmp_path}"], discover())
    assert {c.what: c.published for c in whole.counts if c.found == c.published} == {
        c.what: c.published for c in whole.counts
    }
    assert not found(diagnose(Examined(whole))).keys() & {"incomplete", "counts"}
    (tmp_path / "Session3/dialog/EmoEvaluation/Ses03M_impro05a.txt").unlink()
    half = open_dataset("iemocap", [f"root={tmp_path}"], discover())
    told = {d.check.name: [f.what for f in d.findings] for d in diagnose(Examined(half))}
    assert "Session3 has 31 of 32 dialogues" in told["incomplete"][0]
    assert told["counts"][0] == "dialogues of session3: 31, published are 32"
    assert any(what.startswith("labelled turns: ") for what in told["counts"])


def test_a_trial_of_ravdess_that_is_not_there_is_named(tmp_path: Path) -> None:
    write(tmp_path, *audio(names()))
    whole = open_dataset("ravdess", [f"root={tmp_path}"], discover())
    assert [(c.what, c.published, c.found) for c in whole.counts[:3]] == [
        ("speech trials", 1440, 1440),
        ("neutral", 96, 96),
        ("calm", 192, 192),
    ]
    (tmp_path / "Actor_07/03-01-05-02-01-01-07.wav").unlink()
    half = open_dataset("ravdess", [f"root={tmp_path}"], discover())
    assert "1 of 1440 trials have no file" in half.incomplete
    assert found(diagnose(Examined(half)))["counts"] == {"01-05-02-01-01-07"}


def test_files_of_ravdess_that_were_not_chosen_belong_to_it(tmp_path: Path) -> None:
    write(tmp_path, *audio(names()), "Actor_01/03-02-01-01-01-01-01.wav", "Actor_01/copy.wav")
    four = open_dataset("ravdess", [f"root={tmp_path}", "classes=4"], discover())
    assert found(diagnose(Examined(four)))["media, no label"] == {"copy.wav"}


@needs_shared
def test_one_actor_makes_no_folds() -> None:
    root = SHARED / "data/ravdess"
    sets = [f"root={root}", "modalities=[video]", "video=face_crops", "missing=drop"]
    one = open_dataset("ravdess", sets, discover())
    assert len(one.clips) == 60
    assert "there are only actors of fold4" in one.unfolded
