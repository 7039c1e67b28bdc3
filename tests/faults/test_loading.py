"""A file from someone else is data: none of those that mertk reads runs code."""

import io
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.faults.lives import Ended, live, run, small_steps
from tests.faults.messages import well_formed
from tests.faults.undisturbed import Undisturbed

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]


class Trap:
    """Leaves a file where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[Path]]:
        return Path.touch, (self.mark,)


def pickled(mark: Path) -> bytes:
    return pickle.dumps(Trap(mark))


def saved_by_torch(mark: Path) -> bytes:
    file = io.BytesIO()
    torch.save({"model": Trap(mark)}, file)
    return file.getvalue()


def saved_by_numpy(mark: Path) -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([Trap(mark)], object), allow_pickle=True)
    return file.getvalue()


def npz(mark: Path) -> bytes:
    file = io.BytesIO()
    np.savez(file, **{f"c{n}": np.array([Trap(mark)], object) for n in range(4)})  # type: ignore[arg-type]
    return file.getvalue()


def yaml(mark: Path) -> bytes:
    return f"name: !!python/object/apply:os.mkdir ['{mark}']\nmetrics: [ua]\n".encode()


def test_the_traps_of_this_file_do_snap(tmp_path: Path) -> None:
    pickle.loads(pickled(tmp_path / "one"))
    torch.load(io.BytesIO(saved_by_torch(tmp_path / "two")), weights_only=False)
    np.load(io.BytesIO(saved_by_numpy(tmp_path / "three")), allow_pickle=True)
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two", "three"}


@pytest.mark.parametrize(
    ("name", "trap"),
    [
        ("weights.safetensors", pickled),
        ("weights.safetensors", saved_by_torch),
        ("insight.safetensors", pickled),
        ("predictions.parquet", pickled),
        ("validation.parquet", saved_by_numpy),
        ("trial.json", pickled),
        ("recipe.yaml", yaml),
    ],
)
def test_a_trap_among_results_does_not_snap(
    undisturbed: Undisturbed, tmp_path: Path, name: str, trap: Callable[[Path], bytes]
) -> None:
    place, mark = tmp_path / "place", tmp_path / "ran"
    shutil.copytree(undisturbed.place, place)
    for path in (place / "results").rglob(name):
        path.write_bytes(trap(mark))
    few = ["--conditions", "missing", "--folds", "session1"]
    readers = (
        ["report", "results"],
        run(),
        ["compare", "tiny", "tiny"],
        ["robustness", str(name_of(place)), *few],
    )
    for words in readers:
        harmless(live(words, place, small_steps), mark)


def name_of(place: Path) -> Path:
    (found,) = (place / "results/tiny").iterdir()
    return found.relative_to(place)


def harmless(ended: Ended, mark: Path) -> None:
    assert not mark.exists(), "code was run"
    assert ended.status in (0, 2), ended.err
    if ended.status:
        well_formed(ended.err)


@pytest.mark.parametrize("trap", [pickled, saved_by_torch, saved_by_numpy])
def test_a_trap_in_the_store_or_in_place_of_a_kept_state_does_not_snap(
    undisturbed: Undisturbed, tmp_path: Path, trap: Callable[[Path], bytes]
) -> None:
    place, mark = tmp_path / "place", tmp_path / "ran"
    shutil.copytree(undisturbed.place, place)
    for trial in list((place / "results/tiny").glob("*/session*")):
        trial.with_name(f".{trial.name}.checkpoint").write_bytes(trap(mark))
        shutil.rmtree(trial)
    ended = live(run(), place, small_steps)
    assert ended.status == 0, ended.err
    assert "cannot be read" in ended.err
    for path in (place / "home/features").glob("*/*"):
        if path.name != "lock":
            path.write_bytes(trap(mark))
    harmless(live(run("--redo"), place, small_steps), mark)


@pytest.mark.parametrize(
    ("name", "trap"),
    [
        ("features.npz", npz),
        ("features.npz", pickled),
        ("features.npy", saved_by_numpy),
        ("features.pt", saved_by_torch),
        ("features.pkl", pickled),
    ],
)
def test_a_trap_as_a_table_of_features_does_not_snap(
    tmp_path: Path, name: str, trap: Callable[[Path], bytes]
) -> None:
    place, mark = tmp_path / "place", tmp_path / "ran"
    place.mkdir()
    (place / name).write_bytes(trap(mark))
    rows = [f"c{n},{'ab'[n % 2]},{('train', 'test')[n // 2]}" for n in range(4)]
    (place / "clips.csv").write_text("\n".join(["id,label,split", *rows]))
    (place / "r.yaml").write_text(
        "{name: t, dataset: {use: manifest, path: clips.csv, folds: split, shared_speakers: allow, "
        f"features: {name}}}, encoders: {{f: {{use: table}}}}, fusion: concat, "
        "train: {epochs: 1, select: {on: held_out_clips}}}"
    )
    ended = live(["run", "r.yaml"], place)
    harmless(ended, mark)
    assert ended.status == 2


@pytest.mark.parametrize("trap", [pickled, saved_by_torch])
@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.safetensors"])
def test_a_trap_as_weights_of_an_encoder_does_not_snap(
    tmp_path: Path, name: str, trap: Callable[[Path], bytes]
) -> None:
    from transformers import Wav2Vec2FeatureExtractor, WavLMConfig

    place, mark = tmp_path / "place", tmp_path / "ran"
    WavLMConfig(hidden_size=16, num_hidden_layers=1).save_pretrained(place / "weights")
    Wav2Vec2FeatureExtractor().save_pretrained(place / "weights")
    (place / "weights" / name).write_bytes(trap(mark))
    ended = live(run("--set", "encoders.audio={use: wavlm, checkpoint: ./weights}"), place)
    harmless(ended, mark)
    assert ended.status == 2
    assert "weights" in ended.err


@pytest.mark.parametrize("words", [["check"], ["run", "--dry-run"], ["doctor"]])
def test_tags_in_a_recipe_or_a_list_are_refused(tmp_path: Path, words: list[str]) -> None:
    place, mark = tmp_path / "place", tmp_path / "ran"
    place.mkdir()
    (place / "r.yaml").write_bytes(yaml(mark))
    for given in (["r.yaml"], ["foalnet", "--set", "dataset.exclude=@r.yaml"]):
        ended = live([*words, *given], place)
        harmless(ended, mark)
        assert ended.status == 2
