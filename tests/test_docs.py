"""What the documents show to be copied does what they say."""

import json
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from mertk.check import resolve
from mertk.cli import main
from mertk.draft import Draft
from mertk.registry import collect

PLUGINS = (Path(__file__).resolve().parents[1] / "docs" / "plugins.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PLUGINS, re.MULTILINE | re.DOTALL)


FUSION, HOOK, KIT = blocks("python")
USES = [yaml.safe_load(line)["fusion"] for block in blocks("yaml") for line in block.splitlines()]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the document's code where it says that it lies."""
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "__init__.py").write_text(HOOK, "utf-8")
    (tmp_path / "my_package" / "fusions.py").write_text(FUSION, "utf-8")
    (tmp_path / "my_fusion.py").write_text(FUSION, "utf-8")
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


def test_the_distribution_announces_the_package() -> None:
    (project,) = map(tomllib.loads, blocks("toml"))
    assert project["project"]["entry-points"]["mertk"] == {"my_plugin": "my_package"}
