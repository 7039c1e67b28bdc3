"""A thousand malformed media files: each read or refused by name, in bounded time and memory."""

import csv
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.eating import MEMORY, SECONDS, eat
from tests.faults.lives import live
from tests.faults.malformed import malformed
from tests.media.making import noise, write_sound

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1800)]

FILES = 1000
RECIPE = """
name: broken
dataset: {use: manifest, path: clips.csv, folds: split, broken: skip, shared_speakers: allow}
encoders:
  sound: {use: logmel}
fusion: {use: concat}
train: {epochs: 1, batch_size: 8, select: {on: held_out_clips}}
"""


def test_a_thousand_malformed_files_are_each_named_and_survived(tmp_path: Path) -> None:
    files = malformed(tmp_path / "files", FILES)
    began = time.monotonic()
    bites = eat(files)
    spent = time.monotonic() - began
    assert [b.path for b in bites] == files
    wrong = [f"{b.path.name}: {f}: {b.said[f]}" for b in bites for f in b.faults]
    assert not wrong, "\n".join(wrong)
    for bite in bites:
        for said in filter(None, bite.said.values()):
            assert said.startswith(f"{bite.path}: "), said
    slowest, most = max(b.seconds for b in bites), max(b.memory for b in bites)
    senses = Counter(bool(b.said["sound"]) + bool(b.said["pictures"]) for b in bites)
    print(
        f"\n{len(files)} files in {spent:.0f} s: neither sound nor pictures in {senses[2]}, one of "
        f"them in {senses[1]}, both in {senses[0]}; every refusal names the file; slowest file "
        f"{slowest:.1f} s (limit {SECONDS:g}), memory {most / 2**20:.0f} MiB more (limit "
        f"{MEMORY / 2**20:.0f})"
    )
    assert senses[2] > FILES // 3, "many of them are to be beyond reading"
    assert slowest < SECONDS
    assert most < MEMORY


def test_a_run_leaves_broken_files_out_by_name_and_goes_on(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    broken = malformed(place / "files", 220)
    whole = [write_sound(place / f"{n}.wav", "pcm_s16le", noise(0.5, seed=n)) for n in range(40)]
    with (place / "clips.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("id", "label", "audio", "split"))
        for number, path in enumerate([*whole, *broken]):
            split = "test" if number % 4 > 1 else "train"
            rows.writerow((f"c{number}", "ab"[number % 2], path.relative_to(place), split))
    (place / "broken.yaml").write_text(RECIPE)
    began = time.monotonic()
    ended = live(["run", "broken.yaml", "--device", "cpu", "--json"], place)
    assert ended.status == 0, ended.err
    out = ended.answer["left_out"]
    assert all(f"c{number}" not in out for number in range(len(whole)))
    assert len(out) > len(broken) // 2
    assert all(f"left out: {clip}: " in ended.err for clip in out)
    print(
        f"\na run over {len(whole)} whole and {len(broken)} malformed files: {len(out)} left out "
        f"by name, {time.monotonic() - began:.0f} s"
    )
