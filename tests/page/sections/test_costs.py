"""What trials cost and how they were run, as far as they say it."""

from pathlib import Path

from mertk.page.blocks import Listing, Tabled
from mertk.page.sections.costs import MOST, cost, provenance
from tests.page.made import cost as spent
from tests.page.made import made_run, sorted_out


def told(root: Path) -> dict[str, str]:
    (board,) = sorted_out(root)
    table, listing = provenance(board).parts[0].blocks
    assert isinstance(table, Tabled)
    assert isinstance(listing, Listing)
    assert "no_such_dataset" in listing.text
    return dict(table.table.cells)


def test_costs_are_means_and_what_is_not_known_is_a_dash(tmp_path: Path) -> None:
    made_run(tmp_path, "one", cost=spent(1_234_567))
    (board,) = sorted_out(tmp_path)
    (block,) = cost(board).blocks
    assert isinstance(block, Tabled)
    assert block.table.cells == [
        ["one", "1,234,567", "3.0", "3", "1.00", "-", "-", "cpu (toy)"],
    ]


def test_every_provider_is_told_once_and_lists_are_kept_apart(tmp_path: Path) -> None:
    providers = {"fusion": "mertk 1", "tasks.mem": "mertk 1", "tasks.own": "other 2"}
    began = {"began": "2026-01-01T00:00:00+00:00", "providers": providers}
    made_run(tmp_path, "one", provenance=began, held_out=["s1", "s2"])
    found = told(tmp_path)
    assert found["plugins"] == "mertk 1: fusion, tasks.mem; other 2: tasks.own"
    assert found["held-out speakers"] == "fold1: s1, s2; fold2: s1, s2; fold3: s1, s2"
    assert found["seeds"] == "0, 1"
    assert found["trials"] == "6, 0 failed, 0 superseded"
    assert found["clips left out"] == "none"


def test_of_many_names_some_are_told_and_the_others_counted(tmp_path: Path) -> None:
    left_out = {f"c{n:03}": "no sound" for n in range(3 * MOST + 5)}
    corpus = {"title": "toy", "synthetic": True, "classes": list("abcd"), "left_out": left_out}
    made_run(tmp_path, "one", corpus=corpus)
    found = told(tmp_path)["clips left out"]
    assert found.startswith("c000 (no sound), c001 (no sound)")
    assert found.endswith("c023 (no sound) and 5 more")
