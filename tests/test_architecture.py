"""Completeness: what the docs and the tree promise is there."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from mertk.draft import shipped
from mertk.hookspecs import KINDS
from mertk.registry import Entry, discover

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = [ROOT / "mertk", ROOT / "plugins" / "mertk_plugins"]
SOURCES = sorted(p for package in PACKAGES for p in package.rglob("*.py"))


def ours(kind: str) -> list[Entry]:
    entries = discover().entries[kind].values()
    return [e for e in entries if e.target.startswith("mertk_plugins.")]


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_of_a_component_bears_its_registered_name(kind: str) -> None:
    for entry in ours(kind):
        assert entry.target.rpartition(":")[0] == f"mertk_plugins.{kind}.{entry.name}"


def test_every_component_file_is_registered() -> None:
    for kind in KINDS:
        files = {p.stem for p in (PACKAGES[1] / kind).glob("[!_]*.py")}
        assert files == {entry.name for entry in ours(kind)}


def test_every_shipped_recipe_stands_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    assert all(f"`{name}`" in readme for name in shipped())


def modules() -> set[str]:
    core = ROOT / "mertk"
    return {p.stem for p in core.glob("[!_]*.py")} | {p.parent.name for p in core.glob("*/*.py")}


def test_every_module_of_the_core_stands_in_the_architecture() -> None:
    house = (ROOT / "docs" / "architecture.md").read_text()
    missing = {m for m in modules() if not re.search(rf"\b{m}\b", house)}
    assert not missing


def test_plugins_may_import_a_few_modules_of_the_core_and_no_new_one_by_accident() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (contract,) = (
        c for c in project["tool"]["importlinter"]["contracts"] if c["name"].startswith("Plugins")
    )
    closed = {name.removeprefix("mertk.") for name in contract["forbidden_modules"]}
    public = {"contracts", "errors", "home", "hookspecs", "media", "published", "seeds"}
    assert modules() - closed == public | {"describe", "testing"}


def test_the_readme_has_exactly_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    commands = re.findall(r"^    python -m venv .*$", readme, re.MULTILINE)
    assert len(commands) == 2
    assert commands[0].endswith("mertk run recipes/foalnet.yaml")
    assert commands[1].endswith("pytest -n 2")


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = (node.end_lineno or 0) - (body[0].lineno if body else node.lineno) + 1
            assert length <= 40, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_path_of_a_machine_and_no_private_host_is_written_down(path: Path) -> None:
    text = path.read_text()
    assert "/work/" not in text
    assert "/root/" not in text
    assert "/tmp/" not in text
