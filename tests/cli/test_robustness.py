"""`mertk robustness`: from a trained run to its table, computing only what is missing."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from safetensors.torch import load_file, save_file
from sklearn.metrics import balanced_accuracy_score

from mertk.cli import main
from mertk.home import home
from mertk.robustness import matrix
from mertk.robustness.kept import read_robustness
from mertk.robustness.revive import Revived
from mertk.shelves import survey
from tests.robustness import parts

PARTS = Path(parts.__file__)
TOY = f"""
name: toy
dataset: {{use: "{PARTS}:Corpus"}}
encoders:
  words: {{use: "{PARTS}:Letters", standardize: true}}
  face: {{use: "{PARTS}:Looked"}}
fusion: {{use: concat}}
train: {{epochs: 6, batch_size: 8, lr: 3e-2}}
"""


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> Path:
    """Two trials of a recipe that reads words and looks faces up."""
    monkeypatch.chdir(tmp_path)
    Path("toy.yaml").write_text(TOY)
    assert main(["run", "toy.yaml"]) == 0
    capsys.readouterr()
    return tmp_path / "results"


def told(capsys, *argv: str) -> dict:
    assert main(["robustness", "toy", *argv, "--json"]) == 0
    answer: dict = json.loads(capsys.readouterr().out)
    return answer


def kept_of(trial: Path, column: str) -> list:
    rows: list = pq.read_table(trial / "predictions.parquet")[column].to_pylist()
    return rows


def refused(capsys, *argv: str) -> str:
    assert main(["robustness", *argv]) == 2
    shown: str = capsys.readouterr().err
    assert "Traceback" not in shown
    return shown


def test_every_condition_that_applies_is_told_and_the_others_with_reasons(trained, capsys) -> None:
    answer = told(capsys)
    by_name = {condition["name"]: condition for condition in answer["conditions"]}
    assert list(by_name) == ["words", "letters", "without text", "without face", "missing"]
    assert answer["trials"] == [["fold1", 0], ["fold2", 0]]
    assert answer["synthetic"] is True
    assert answer["looked_up"] == ["face"]
    unfit = {one["name"]: one["reason"] for one in answer["not_applicable"]}
    assert unfit["noise"].startswith("not applicable (features): no encoder reads sound; face")
    assert answer["computed"] == 2 * (4 + 4 + 1 + 1 + 7)
    clean = by_name["words"]["clean"]["ua"]
    assert clean["mean"] > 0.9
    gone = by_name["without text"]["levels"][0]["metrics"]["ua"]
    assert gone["mean"] < clean["mean"]
    assert gone["drop"]["estimate"] < 0
    assert by_name["without text"]["area"]["ua"]["mean"] is None
    assert 0 < by_name["missing"]["area"]["ua"]["mean"] < 1


def test_a_second_call_computes_nothing_and_tells_the_same(trained, capsys, monkeypatch) -> None:
    first = told(capsys)
    monkeypatch.setattr("mertk.robustness.matrix.revived", lambda *_: pytest.fail("predicted"))
    monkeypatch.setattr("mertk.robustness.features.fill", lambda *_, **__: pytest.fail("encoded"))
    second = told(capsys)
    assert (second["computed"], second["reused"]) == (0, first["computed"])
    assert second["conditions"] == first["conditions"]


def test_what_was_finished_before_a_stop_is_not_done_again(trained, capsys, monkeypatch) -> None:
    kept = []
    write = matrix.write_level

    def stopping(*given):
        if len(kept) == 5:
            raise KeyboardInterrupt
        kept.append(write(*given))
        return kept[-1]

    monkeypatch.setattr(matrix, "write_level", stopping)
    assert main(["robustness", "toy"]) == 130
    assert "what is finished is kept" in capsys.readouterr().err
    monkeypatch.setattr(matrix, "write_level", write)
    answer = told(capsys)
    assert answer["reused"] == 5


def test_folds_seeds_and_conditions_can_be_chosen_and_add_up(trained, capsys) -> None:
    answer = told(capsys, "--folds", "fold2", "--conditions", "missing,words")
    assert answer["trials"] == [["fold2", 0]]
    assert [c["name"] for c in answer["conditions"]] == ["words", "missing"]
    (folder,) = trained.glob("toy/*")
    assert [c.condition for c in read_robustness(folder)] == ["words", "missing"]
    answer = told(capsys, "--seeds", "0", "--conditions", "words")
    assert (answer["reused"], answer["computed"]) == (4, 4)


def test_scores_are_those_of_the_kept_predictions(trained, capsys) -> None:
    told(capsys, "--conditions", "letters")
    (folder,) = trained.glob("toy/*")
    (curve,) = read_robustness(folder)
    for place, scores in enumerate(curve.scores):
        for number, level in enumerate(curve.kept[place]):
            trial = level.file.parents[1]
            labels = [list(parts.WORDS).index(c.split("_")[1]) for c in kept_of(trial, "clip")]
            said = level.said().argmax(1)
            assert scores["ua"][number] == pytest.approx(balanced_accuracy_score(labels, said))


def test_altered_features_are_stored_once_on_a_shelf_of_their_own(trained, capsys) -> None:
    def stored() -> dict[bool, int]:
        return {shelf.altered: shelf.clips for shelf in survey(home() / "features")}

    before = stored()
    told(capsys, "--conditions", "letters")
    after = stored()
    assert list(before) == [False]
    assert after[False] == before[False]
    assert after[True] > 0
    for file in trained.glob("toy/*/*/robustness/*"):
        file.unlink()
    assert told(capsys, "--conditions", "letters")["computed"] == 8
    assert stored() == after


def test_without_the_features_of_training_clips_nothing_of_them_is_computed(
    trained, capsys
) -> None:
    shutil.rmtree(home() / "features")
    answer = told(capsys, "--folds", "fold1", "--conditions", "without")
    assert answer["computed"] == 2
    (index,) = (home() / "features").glob("Letters-*/meta.json")
    assert index.is_file()


def test_a_new_metric_is_scored_from_what_is_kept(trained, capsys, monkeypatch) -> None:
    told(capsys, "--conditions", "missing")
    monkeypatch.setattr("mertk.robustness.matrix.revived", lambda *_: pytest.fail("predicted"))
    answer = told(capsys, "--conditions", "missing", "--set", "metrics=[ua, macro_f1]")
    assert answer["computed"] == 0
    assert set(answer["conditions"][0]["clean"]) == {"ua", "macro_f1"}
    answer = told(capsys, "--conditions", "missing", "--set", "metrics=[ua]")
    assert set(answer["conditions"][0]["levels"][0]["metrics"]) == {"ua"}


def test_the_table_tells_drops_areas_reasons_and_what_the_data_are(trained, capsys) -> None:
    assert main(["robustness", "toy"]) == 0
    shown = capsys.readouterr().out
    assert "│ clean" in shown
    assert "ΔUA" in shown
    assert "0.2 of words" in shown
    assert "area: under the curve from clean" in shown
    assert "costs most" in shown
    assert "not done: blur: not applicable (features)" in shown
    assert "looked up by clip id (features), so changed by nothing but absence" in shown
    assert "SYNTHETIC DATA" in shown


def test_clips_that_have_nothing_else_keep_what_they_have(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    bare = "dataset.wordless=[s0_ang_0, s2_hap_1]"
    Path("toy.yaml").write_text(TOY)
    assert main(["run", "toy.yaml", "--set", bare]) == 0
    capsys.readouterr()
    told(capsys, "--conditions", "without")
    (folder,) = Path("results").glob("toy/*")
    (face, text) = read_robustness(folder)
    assert (face.condition, text.condition) == ("without face", "without text")
    for level in face.kept[0]:
        trial = level.file.parents[1]
        clips = kept_of(trial, "clip")
        place = next(clips.index(c) for c in ("s0_ang_0", "s2_hap_1") if c in clips)
        clean = kept_of(trial, "selected")[place]
        np.testing.assert_allclose(level.said()[place], clean, atol=1e-4)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["toi"], "toi: no finished run is at toi or results/toi"),
        (["toy", "--conditions", "missin"], "no condition 'missin'; did you mean 'missing'"),
        (["toy", "--folds", "fold9"], "--folds: no trial of a fold named 'fold9'"),
        (["toy", "--seeds", "7"], "no trial has the seed 7; there are: 0"),
        (["toy", "--folds", ""], "--folds '': names nothing; leave it out where all are meant"),
        (["toy", "--seeds", ","], "--seeds ',': names nothing"),
        (["toy", "--conditions", " , "], "--conditions ' , ': names nothing"),
        (["toy", "--set", "fusion.width=7"], "--set may only say where things lie"),
        (["toy", "--set", "train.lr=fast"], "train.lr: "),
        (["toy", "--conditions", "noise"], "no condition applies to this run"),
    ],
)
def test_what_the_user_can_mend_is_told(trained, argv, message: str, capsys) -> None:
    assert message in refused(capsys, *argv)


def test_components_whose_code_changed_are_refused(trained, capsys) -> None:
    (recipe,) = trained.glob("toy/*/recipe.yaml")
    other = Path("parts.py").absolute()
    other.write_text(PARTS.read_text() + "# another text\n")
    content = yaml.safe_load(recipe.read_text())
    content["dataset"]["use"] = f"{other}:Corpus"
    recipe.write_text(yaml.safe_dump(content, sort_keys=False))
    assert "the code of components from files must be what it was" in refused(capsys, "toy")


def test_what_was_left_out_of_the_trials_is_left_out_again(trained, capsys) -> None:
    (recipe,) = trained.glob("toy/*/recipe.yaml")
    shutil.rmtree(trained)
    assert main(["run", "toy.yaml", "--set", "dataset.exclude=[s0_ang_0]"]) == 0
    content = yaml.safe_load(recipe.read_text())
    content["dataset"]["exclude"] = []
    recipe.write_text(yaml.safe_dump(content, sort_keys=False))
    capsys.readouterr()
    assert told(capsys, "--conditions", "without")["computed"] == 4


def test_a_corpus_of_other_clips_is_refused_with_both_protocols(trained, capsys) -> None:
    (trial,) = trained.glob("toy/*/fold1-*/trial.json")
    facts = json.loads(trial.read_text())
    trial.write_text(json.dumps(facts | {"protocol": "Corpus-3c-2f@00000000"}))
    shown = refused(capsys, "toy")
    assert "was scored under the protocol Corpus-3c-2f@00000000, and the corpus is now" in shown
    assert facts["protocol"] in shown


def test_weights_that_were_not_kept_are_told_with_the_way_to_get_them(trained, capsys) -> None:
    for file in trained.glob("toy/*/*/weights.safetensors"):
        file.unlink()
    shown = refused(capsys, "toy")
    assert "and 1 more: the trained weights were not kept" in shown
    assert "mertk run toy --set train.keep_weights=true --redo" in shown


def test_weights_that_say_something_else_than_was_kept_are_refused(trained, capsys) -> None:
    (file,) = trained.glob("toy/*/fold1-*/weights.safetensors")
    save_file({name: w + 0.5 * w.sign() for name, w in load_file(file).items()}, file)
    shown = refused(capsys, "toy")
    assert "its weights say something else of its clips now (probabilities differ by up to" in shown
    assert not list(trained.glob("toy/*/*/robustness/*"))


def test_weights_of_another_model_are_refused(trained, capsys) -> None:
    (file,) = trained.glob("toy/*/fold1-*/weights.safetensors")
    save_file({"nothing": next(iter(load_file(file).values()))}, file)
    assert "these weights do not fit the recipe's model" in refused(capsys, "toy")


def test_scores_that_are_no_numbers_are_told_with_the_condition(
    trained, capsys, monkeypatch
) -> None:
    monkeypatch.setattr(Revived, "refuse_another", lambda *_: None)
    monkeypatch.setattr(Revived, "says", lambda *_: np.full((36, 3), np.nan, np.float32))
    shown = refused(capsys, "toy", "--conditions", "words")
    assert "the scores are not finite under words 0.2 of words; --conditions names" in shown


FILMED = """
name: toy
dataset: {use: iemocap_synthetic, clips_per_emotion: 2, dialogues: 1}
encoders:
  audio: {use: wavlm, checkpoint: none, channels: 16, layers: 1, heads: 2, train: true}
  video: {use: clip, checkpoint: none, max_frames: 8}
fusion: {use: cross_attention, layers: 1, heads: 2}
train: {epochs: 1, batch_size: 8, modality_dropout: 0.2}
"""


def test_sound_and_pictures_go_through_every_condition(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    Path("toy.yaml").write_text(FILMED)
    assert main(["run", "toy.yaml", "--folds", "session1"]) == 0
    capsys.readouterr()
    answer = told(capsys)
    names = [condition["name"] for condition in answer["conditions"]]
    assert names == [
        *("noise", "clipping", "band", "drop", "black", "blur", "side", "shift"),
        *("without audio", "without video", "missing"),
    ]
    assert {one["name"] for one in answer["not_applicable"]} == {"words", "letters"}
    (folder,) = Path("results").glob("toy/*")
    said = {}
    for curve in read_robustness(folder):
        for level, kept in zip(curve.levels, curve.kept, strict=True):
            said[curve.condition, level] = kept[0].said()
    assert all(np.isfinite(one).all() for one in said.values())
    # With eight clips two rates may well hit the same ones.
    different = [one.tobytes() for (name, _), one in said.items() if name != "missing"]
    assert len(set(different)) == len(different)


def test_the_verb_is_in_the_help_without_torch(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["robustness", "--help"])
    assert "--conditions" in capsys.readouterr().out
