"""A store that was damaged on disk: found by checksum, named, computed to the same numbers."""

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from mertk.blocks import RECORD
from tests.faults import holding
from tests.faults.lives import live, run, small_steps
from tests.faults.messages import well_formed
from tests.faults.undisturbed import Undisturbed

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1200)]

ROUNDS = 4
Spoil = Callable[[bytearray, random.Random], bytearray]


def flip(raw: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.choice((1, 1, 3))):
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return raw


def truncate(raw: bytearray, chance: random.Random) -> bytearray:
    return raw[: chance.randrange(len(raw))]


def zero(raw: bytearray, chance: random.Random) -> bytearray:
    size = min(4096, len(raw))
    at = chance.randrange(len(raw) - size + 1)
    raw[at : at + size] = bytes(size)
    return raw


def swap(raw: bytearray, chance: random.Random, size: int = 256) -> bytearray:
    one, other = (chance.randrange(len(raw) // size) * size for _ in range(2))
    kept = raw[one : one + size]
    raw[one : one + size] = raw[other : other + size]
    raw[other : other + size] = kept
    return raw


def swap_records(raw: bytearray, chance: random.Random) -> bytearray:
    return swap(raw, chance, RECORD.itemsize)


def grow(raw: bytearray, chance: random.Random) -> bytearray:
    return raw + chance.randbytes(chance.randrange(1, 5000))


DATA: tuple[Spoil, ...] = (flip, truncate, zero, swap, grow)
INDEX: tuple[Spoil, ...] = (flip, truncate, zero, swap_records, grow)
CASES = [("data.bin", spoil) for spoil in DATA] + [("index.bin", spoil) for spoil in INDEX]


def shelves(place: Path) -> list[Path]:
    return sorted(path for path in (place / "home/features").iterdir() if path.is_dir())


def fresh(undisturbed: Undisturbed, place: Path) -> None:
    """A place with the store and the corpus of the undisturbed run, and no results."""
    undisturbed.give_corpus(place)
    shutil.copytree(undisturbed.place / "home/features", place / "home/features")


@pytest.mark.parametrize(
    ("file", "spoil"), CASES, ids=lambda value: getattr(value, "__name__", value)
)
def test_a_damaged_shard_is_mended_to_the_same_numbers(
    undisturbed: Undisturbed, tmp_path: Path, file: str, spoil: Spoil
) -> None:
    chance, told = random.Random(f"{file} {spoil.__name__}"), Counter[str]()
    for number in range(ROUNDS):
        place = tmp_path / str(number)
        fresh(undisturbed, place)
        shelf = chance.choice(shelves(place))
        before = (shelf / file).read_bytes()
        after = bytes(spoil(bytearray(before), chance))
        (shelf / file).write_bytes(after)
        ended = live(run("--folds", "session1"), place, small_steps)
        assert ended.status == 0, ended.err
        named = f"{shelf}: " in ended.err and "no longer what was written" in ended.err
        told["named" if named else "computed again or cut off"] += before != after
        # Data of the same size are behind sound records, so that nothing but a checksum can tell.
        assert named or file == "index.bin" or len(after) != len(before) or before == after
        mended = live(run("--folds", "session1,session2"), place, small_steps)
        assert mended.status == 0, mended.err
        assert "no longer what was written" not in mended.err
        as_undisturbed(undisturbed, place)
    print(f"\n{file}, {spoil.__name__}: {dict(told)}")


def as_undisturbed(undisturbed: Undisturbed, place: Path) -> None:
    mine = holding.results(place / "results")
    assert mine == {name: undisturbed.results[name] for name in mine}
    assert any(name.endswith("predictions.parquet") for name in mine)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "of another", "other shape", "gone"])
def test_a_replaced_meta_file_is_named_and_its_folder_computed_again(
    undisturbed: Undisturbed, tmp_path: Path, content: str
) -> None:
    place = tmp_path / "place"
    fresh(undisturbed, place)
    shelf, other = shelves(place)
    meta = json.loads((shelf / "meta.json").read_text("utf-8"))
    if content == "gone":
        (shelf / "meta.json").unlink()
    elif content == "of another":
        shutil.copy(other / "meta.json", shelf / "meta.json")
    elif content == "other shape":
        meta["shape"] = [int(size) * 2 for size in meta["shape"]]
        (shelf / "meta.json").write_text(json.dumps(meta))
    else:
        (shelf / "meta.json").write_text(content)
    ended = live(run("--folds", "session1"), place, small_steps)
    if ended.status:
        assert ended.status == 2
        told = well_formed(ended.err)
        assert f"{shelf}" in told
        assert "delete the folder" in told
        shutil.rmtree(shelf)
        assert live(run("--folds", "session1"), place, small_steps).status == 0
    as_undisturbed(undisturbed, place)
