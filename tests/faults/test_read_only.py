"""Folders that cannot be written to: named where something is to be written, and read otherwise."""

import ctypes
import shutil
from pathlib import Path

import pytest

from tests.faults import holding
from tests.faults.disks import disk
from tests.faults.lives import live, run, small_steps
from tests.faults.messages import well_formed
from tests.faults.undisturbed import Undisturbed

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]

PARTS = {"results": "results", "store": "home/features", "home": "home"}
CAPABILITIES = 0x20080522
"""The version of Linux's structure for them."""


def bound() -> None:
    """Have permissions bind this process, which those of root do not otherwise."""
    header, none = (ctypes.c_uint32 * 2)(CAPABILITIES, 0), (ctypes.c_uint32 * 6)()
    assert not ctypes.CDLL(None).capset(header, none)


@pytest.mark.parametrize("part", PARTS)
def test_a_new_run_names_what_it_cannot_write_to(
    undisturbed: Undisturbed, tmp_path: Path, part: str
) -> None:
    place = tmp_path / "place"
    if part != "home":  # then the corpus is to be generated, too
        undisturbed.give_corpus(place)
    with disk(place / PARTS[part], "size=50m") as only:
        only.set("ro")
        ended = live(run(), place, small_steps)
        assert ended.status == 2, ended.err
        told = well_formed(ended.err)
        assert str(only.folder) in told or "results" in told
        only.set("rw")
        assert live(run(), place, small_steps).status == 0
        assert holding.results(place / "results") == undisturbed.results
    print(f"\nread-only {part}: {told.splitlines()[0]}")


def test_a_finished_run_is_read_from_where_nothing_can_be_written(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    with disk(place, "size=200m") as only:
        shutil.copytree(undisturbed.place, place, dirs_exist_ok=True)
        only.set("ro")
        ended = live(run(), place, small_steps)
        assert ended.status == 0, ended.err
        assert ended.answer["reused"] == 5
    print("\na finished run is told again from a read-only disk: 5 of 5 trials reused")


@pytest.mark.parametrize("part", PARTS)
def test_permissions_are_named_as_well(undisturbed: Undisturbed, tmp_path: Path, part: str) -> None:
    place = tmp_path / "place"
    if part != "home":
        undisturbed.give_corpus(place)
    locked = place / PARTS[part]
    locked.mkdir(parents=True, exist_ok=True)
    locked.chmod(0o555)
    ended = live(run(), place, small_steps, bound)
    assert ended.status == 2, ended.err
    told = well_formed(ended.err)
    assert "ermission denied" in told
    print(f"\nwithout permission, {part}: {told.splitlines()[0]}")
