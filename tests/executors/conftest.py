"""A toy recipe in a folder of its own, and what was predicted of it."""

import json
from pathlib import Path

import numpy as np
import pytest

from mertk.cli import main

PARTS = Path(__file__).with_name("parts.py")


@pytest.fixture
def run(capsys):
    """Run the command line; returns its status, its answer, and what it told on stderr."""

    def called(*argv: str) -> tuple[int, dict, str]:
        status = main([*argv, "--json"])
        told = capsys.readouterr()
        return status, json.loads(told.out), told.err

    return called


def kept(root: str) -> dict[str, bytes]:
    """What results hold of each trial but for what it took: by variant, fold and seed."""
    found = {}
    for file in sorted(Path(root).glob("toy/*/[!.]*/trial.json")):
        facts = json.loads(file.read_text())
        names = ("predictions.parquet", "validation.parquet", "insight.safetensors")
        content = b"".join((file.parent / name).read_bytes() for name in names)
        weights = file.parent / "weights.safetensors"
        content += weights.read_bytes() if weights.exists() else b""
        history = json.dumps([facts["key"], facts["history"], facts["picks"]]).encode()
        found[f"{facts['variant']} {facts['fold']} {facts['seed']}"] = content + history
    assert found
    assert np.all([len(content) > 100 for content in found.values()])
    return found
