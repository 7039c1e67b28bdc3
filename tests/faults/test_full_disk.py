"""A disk of every size, full at some moment of a run or a report; then there is room again."""

import resource
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

import mertk.inputs
from tests.faults import holding
from tests.faults.disks import disk, used
from tests.faults.lives import live, run, small_steps
from tests.faults.messages import well_formed
from tests.faults.undisturbed import Undisturbed

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1200)]

OF_FEATURES = (0.1, 0.5, 0.9)
OF_RESULTS = (0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)
"""How much of the room there is that a run takes, first for features and then for results."""
FULL = {
    "no space for": "store",
    "are free; free some": "store",  # told after a block, before the disk is full
    "results cannot be written": "results",
    "cannot be kept": "state",
}
"""What a message tells of where the disk was full."""


def pages(size: float) -> int:
    """A size as KiB of whole pages, one at least."""
    return max(1, int(size) // 4096) * 4


def room_is_taken_meanwhile() -> None:
    """The forecast finds room that others fill before the run does."""
    mertk.inputs.shortage = lambda *_: ("", False)


def filled(err: str) -> set[str]:
    return {what for said, what in FULL.items() if said in err}


def test_a_disk_that_is_full_anywhere_in_a_run_costs_nothing(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    features, results = (used(undisturbed.place / part) for part in ("home/features", "results"))
    sizes = [share * features for share in OF_FEATURES]
    sizes += [features + share * results for share in OF_RESULTS]
    statuses, where = Counter[int](), Counter[str]()
    for number, size in enumerate(sizes):
        with disk(tmp_path / f"disk{number}", f"size={pages(size)}k") as small:
            undisturbed.give_corpus(small.folder)
            ended = live(run(), small.folder, small_steps, room_is_taken_meanwhile)
            statuses[ended.status] += 1
            assert ended.status in (0, 2), ended.err
            if ended.status:
                told = well_formed(ended.err)
                assert filled(told) & {"store", "results"}, told
                assert "is kept" in told or "are kept" in told, told
            where.update(filled(ended.err))
            small.set("size=200m")
            again = live(run(), small.folder, small_steps)
            assert again.status == 0, again.err
            assert holding.results(small.folder / "results") == undisturbed.results
            assert holding.store(small.folder / "home") == undisturbed.store
    print(
        f"\n{len(sizes)} sizes up to {sizes[-1] / 2**20:.2f} MiB: exit statuses {dict(statuses)}; "
        f"full in {dict(where)}; all ended as an undisturbed run"
    )
    assert where.keys() == {*FULL.values()}, "the disk was never full in one of the places"


def test_a_full_disk_costs_a_report_and_no_result(undisturbed: Undisturbed, tmp_path: Path) -> None:
    results = str(undisturbed.place / "results")
    page = tmp_path / "page"
    undisturbed.give_corpus(page)
    assert live(["report", results, "--out", "report", "--json"], page).status == 0
    whole, refused = used(page / "report"), 0
    for number, share in enumerate((0.0, 0.1, 0.3, 0.6, 0.9)):
        with disk(tmp_path / f"disk{number}", f"size={pages(share * whole)}k") as d:
            undisturbed.give_corpus(d.folder)
            ended = live(["report", results, "--out", "report", "--json"], d.folder)
            assert ended.status == 2, ended.err
            well_formed(ended.err)
            assert not list((d.folder / "report").rglob(".*")), "half a file was left behind"
            refused += 1
            d.set("size=100m")
            assert live(["report", results, "--out", "report", "--json"], d.folder).status == 0
            for path in (p for p in (page / "report").rglob("*") if p.is_file()):
                assert (d.folder / path.relative_to(page)).stat().st_size == path.stat().st_size
    print(f"\n{refused} reports of {whole / 1024:.0f} KiB on disks too small: each refused by name")


def no_file_beyond(size: int) -> None:
    """Have no file of this process grow beyond a number of bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("size", [1000, 5_000, 20_000, 60_000])
def test_files_that_may_not_grow_are_named_and_cost_nothing(
    undisturbed: Undisturbed, tmp_path: Path, size: int
) -> None:
    place = tmp_path / "place"
    undisturbed.give_corpus(place)
    ended = live(run(), place, small_steps, partial(no_file_beyond, size))
    assert ended.status == 2 or (size > 1000 and not ended.status), ended.err
    if ended.status:
        print(f"\nno file beyond {size} bytes: {well_formed(ended.err).splitlines()[0]}")
    assert live(run(), place, small_steps).status == 0
    assert holding.results(place / "results") == undisturbed.results
    assert holding.store(place / "home") == undisturbed.store
