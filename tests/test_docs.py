"""What the documents show to be copied does what they say."""

import json
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from mertk.check import resolve
from mertk.cli import main
from mertk.console import Screen
from mertk.draft import Draft
from mertk.registry import collect

PLUGINS = (Path(__file__).resolve().parents[1] / "docs" / "plugins.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PLUGINS, re.MULTILINE | re.DOTALL)


FUSION, ENCODER, TASK, HOOK, LOG, KIT = blocks("python")
USED = re.findall(r"^A whole \w+, `(.*)`:$", PLUGINS, re.MULTILINE)
USES = [yaml.safe_load(line)["fusion"] for block in blocks("yaml") for line in block.splitlines()]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the document's code where it says that it lies."""
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "__init__.py").write_text(HOOK, "utf-8")
    (tmp_path / "my_package" / "fusions.py").write_text(FUSION, "utf-8")
    for name, text in (("fusion", FUSION), ("encoder", ENCODER), ("task", TASK)):
        (tmp_path / f"my_{name}.py").write_text(text, "utf-8")
    (tmp_path / "test_gated.py").write_text(KIT, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in ("my_package", "my_package.fusions"):
        sys.modules.pop(name, None)


def test_the_fusion_passes_the_conformance_kit_as_the_document_says(package: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_gated.py"]
    done = subprocess.run(command, cwd=package, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^\d\d+ passed", done.stdout, re.MULTILINE), done.stdout


def test_the_fusion_runs_in_a_recipe(package: Path, toy: Draft, capsys) -> None:
    recipe = {**toy.content, "fusion": USES[0]}
    Path("toy.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False), "utf-8")
    assert main(["run", "toy.yaml", "--folds", "fold1", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["trials"], row["failed"]) == (1, 0)


KITS = """
import numpy as np, pytest, soundfile
from mertk.contracts import Clip, MediaRef
from mertk.testing import EncoderTests, TaskTests
from my_encoder import Energy
from my_task import Agreement


class TestEnergy(EncoderTests):
    component = Energy

    @pytest.fixture
    def clips(self, tmp_path):
        random = np.random.default_rng(0)
        for n in (100, 4000, 16000):
            soundfile.write(tmp_path / f"{n}.wav", random.normal(0, 0.1, n), 16000)
        refs = {p.stem: MediaRef(p) for p in sorted(tmp_path.glob("*.wav"))}
        return [Clip(name, {"emotion": "sad"}, "s", media={"audio": r}) for name, r in refs.items()]


class TestAgreement(TaskTests):
    component = Agreement
    dims = {"audio": 8, "video": 8}
"""


def test_the_encoder_and_the_task_pass_their_kits(package: Path) -> None:
    (package / "test_kits.py").write_text(KITS, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_kits.py"]
    done = subprocess.run(command, cwd=package, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^\d\d+ passed", done.stdout, re.MULTILINE), done.stdout


def test_the_encoder_and_the_task_run_in_a_recipe_on_a_table_of_wav_files(
    package: Path, capsys
) -> None:
    random = np.random.default_rng(0)
    rows = []
    for n in range(40):
        soundfile.write(f"c{n}.wav", random.normal(0, 0.01 + n % 2, 8000).clip(-1, 1), 16000)
        rows.append(f"c{n},{('sad', 'angry')[n % 2]},s{n // 4},c{n}.wav")
    Path("clips.csv").write_text("\n".join(["id,label,speaker,audio", *rows]), "utf-8")
    recipe = {"name": "mine", "fusion": USES[0]}
    recipe |= {key: part for line in USED for key, part in yaml.safe_load(line).items()}
    recipe["encoders"]["again"] = {"use": "./my_encoder.py:Energy", "floor": 0.1}
    recipe["dataset"] = {"use": "manifest", "path": "clips.csv", "folds": "speaker", "k": 2}
    recipe["train"] = {"epochs": 12, "lr": 0.05}
    Path("mine.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False), "utf-8")
    assert main(["run", "mine.yaml", "--folds", "fold1", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["trials"], row["failed"]) == (1, 0)


def test_each_way_to_name_it_finds_it_and_gives_it_its_argument(package: Path, toy: Draft) -> None:
    registry = collect([(name, import_module(name)) for name in ("mertk_plugins", "my_package")])
    assert [use["use"] for use in USES] == [
        "./my_fusion.py:Gated",
        "my_package.fusions:Gated",
        "gated",
    ]
    for use in USES:
        draft = Draft("toy.yaml", package, {**toy.content, "fusion": use})
        resolved = resolve(draft, registry)
        fusion = resolved.build("fusion", dims={"words": 4, "again": 4})
        assert type(fusion).__name__ == "Gated"
        assert fusion.dims == {"words": 64, "again": 64}


def test_what_a_part_logs_is_shown(capsys) -> None:
    Screen()
    exec(LOG, {})
    assert capsys.readouterr().err == "reading the table of clips, a minute or so\n"


def test_the_distribution_announces_the_package() -> None:
    (project,) = map(tomllib.loads, blocks("toml"))
    assert project["project"]["entry-points"]["mertk"] == {"my_plugin": "my_package"}
