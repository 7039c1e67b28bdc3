"""What the core's tests share."""

import os
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import settings

if "PYTEST_XDIST_WORKER" in os.environ:  # workers that share the cores must not fight for them
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from mertk.draft import Draft, parse

# What passed once passes again; at a desk every run tries other cases.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

PARTS = Path(__file__).with_name("toy_parts.py")

TOY = f"""
name: toy
dataset: {{use: "{PARTS}:Corpus"}}
encoders:
  words: {{use: "{PARTS}:Spelled"}}
  again: {{use: "{PARTS}:Spelled", scale: -2.0}}
fusion: {{use: cross_attention, layers: 1, heads: 2}}
tasks:
  avel: {{use: avel, dim: 8}}
  mem: {{use: mem, weight: 0.1}}
train: {{epochs: 3, batch_size: 8, lr: 1e-2}}
"""


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features and generated corpora of a test stay in the test."""
    monkeypatch.setenv("MERTK_HOME", str(tmp_path / "mertk-home"))


@pytest.fixture
def toy() -> Draft:
    """A recipe that trains in a second."""
    return Draft("toy.yaml", PARTS.parent, parse(TOY, "toy.yaml"))


@pytest.fixture
def recipe(toy: Draft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The toy recipe as a file in the folder that the test then runs in."""
    monkeypatch.chdir(tmp_path)
    Path("toy.yaml").write_text(yaml.safe_dump(toy.content, sort_keys=False))
    return "toy.yaml"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file into the test's folder."""

    def write_text(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return write_text
