"""What results and stores hold, to be held against those of an undisturbed run."""

import json
from pathlib import Path

from mertk.blocks import RECORD, committed
from mertk.store import Shelf

DATA, LOCKS = {"meta.json", "data.bin", "index.bin"}, {"lock", "used"}


def results(folder: Path) -> dict[str, object]:
    """Every file below a results folder by its path; trials but for times and cost.

    Locks are left where they are: deleting one could hand a trial to two processes.
    """
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or name.startswith(".locks/"):
            continue
        found[name] = _timeless(path) if path.name == "trial.json" else path.read_bytes()
    return found


def _timeless(path: Path) -> object:
    facts = json.loads(path.read_text("utf-8"))
    assert facts.pop("cost")["seconds"] >= 0
    assert facts["provenance"].pop("began")
    return facts


def store(home: Path) -> dict[str, dict[str, bytes]]:
    """Every shelf of the store by its name, file by file.

    Raises:
        AssertionError: One holds something else, an unfinished write, or damage.
    """
    found = {}
    for folder in sorted((home / "features").iterdir()):
        if folder.name == "digests.txt":
            continue
        names = {path.name for path in folder.iterdir()}
        assert names <= DATA | LOCKS, f"{folder}: left behind: {names - DATA - LOCKS}"
        check_shelf(folder)
        found[folder.name] = {name: (folder / name).read_bytes() for name in names & DATA}
    return found


def check_shelf(folder: Path) -> int:
    """Hold every sequence of a shelf against its checksum; returns how many there are.

    Raises:
        AssertionError: Some are not what was written, or half a block is there.
    """
    identity = json.loads((folder / "meta.json").read_text("utf-8"))["identity"]
    now = committed(folder, identity)
    keys = now.records["key"].tolist()
    assert now.layout is not None
    assert len(keys) * RECORD.itemsize == (folder / "index.bin").stat().st_size
    assert now.steps * now.layout.nbytes == (folder / "data.bin").stat().st_size
    assert Shelf(folder, identity).damaged(keys) == []
    return len(keys)
