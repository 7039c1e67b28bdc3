import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mertk.blocks import StoreError
from mertk.shelves import damaged, differing, look, prune, survey
from mertk.store import Store

WAVLM = {"name": "WavLM", "arguments": {"layer": 3, "checkpoint": "large"}, "stage": "output"}


def key(i):
    return i.to_bytes(16, "big")


def put(root, identity, lengths, again=()):
    shelf = Store(root).shelf(identity)
    with shelf.writing() as writer:
        for numbers in (range(len(lengths)), again):
            some = list(numbers)
            arrays = [np.full((lengths[i], 2), i + 1, np.float32) for i in some]
            writer.append([key(i) for i in some], arrays)
    return shelf


def verified(shelf):
    told = []
    found = damaged(shelf, told.append)
    assert sum(told) == shelf.clips
    return found


def test_a_survey_tells_what_lies_on_each_shelf(tmp_path):
    put(tmp_path, WAVLM, [3, 0, 4], again=[2])
    put(tmp_path, {**WAVLM, "altered": True}, [1])
    plain, changed = sorted(survey(tmp_path), key=lambda shelf: shelf.altered)
    assert (plain.encoder, plain.stage, plain.altered) == ("WavLM", "output", False)
    assert (plain.clips, plain.held.steps, plain.loose, plain.fault) == (3, 11, 0, "")
    assert plain.nbytes == sum(p.stat().st_size for p in plain.folder.iterdir())
    assert plain.used == plain.written == (plain.folder / "index.bin").stat().st_mtime
    assert changed.altered
    assert verified(plain) == verified(changed) == []


def test_a_store_that_is_not_there_holds_nothing(tmp_path):
    assert survey(tmp_path / "none") == []
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file: cannot be read \(Not a directory\)"):
        survey(tmp_path / "file")


def test_links_and_what_is_no_shelf_are_passed_over(tmp_path):
    elsewhere = put(tmp_path / "elsewhere", WAVLM, [1]).folder
    root = tmp_path / "store"
    (root / "mine").mkdir(parents=True)
    (root / elsewhere.name).symlink_to(elsewhere)
    assert survey(root) == []


def test_shelves_of_one_encoder_are_told_apart_by_what_differs(tmp_path):
    arguments = WAVLM["arguments"]
    put(tmp_path, WAVLM, [1])
    put(tmp_path, {**WAVLM, "arguments": {**arguments, "checkpoint": "base"}}, [1])
    put(tmp_path, {"name": "CLIP", "arguments": {"layer": 4}}, [1])
    told = dict(
        zip((s.encoder for s in survey(tmp_path)), differing(survey(tmp_path)), strict=True)
    )
    assert told["CLIP"] == ""
    assert told["WavLM"] in ("checkpoint=large", "checkpoint=base")


def test_a_flipped_byte_is_found_and_only_there(tmp_path):
    folder = put(tmp_path, WAVLM, [3, 2, 4]).folder
    with (folder / "data.bin").open("r+b") as file:
        file.seek(3 * 8 + 1)
        file.write(b"\xff")
    assert verified(look(folder)) == [key(1).hex()]


def test_what_was_computed_again_is_not_held_against_the_old_bytes(tmp_path):
    folder = put(tmp_path, WAVLM, [3, 2], again=[0]).folder
    with (folder / "data.bin").open("r+b") as file:
        file.write(b"\xff")
    assert verified(look(folder)) == []


def test_bytes_behind_what_is_committed_are_counted(tmp_path):
    folder = put(tmp_path, WAVLM, [3]).folder
    for name in ("data.bin", "index.bin"):
        with (folder / name).open("ab") as file:
            file.write(b"12345")
    assert look(folder).loose == 10


def test_a_shelf_that_cannot_be_read_says_why(tmp_path):
    folder = put(tmp_path, WAVLM, [3]).folder
    (folder / "meta.json").write_text("{")
    assert "meta.json: is not as it was written" in look(folder).fault
    assert look(folder).encoder == "WavLM"


@pytest.mark.parametrize("name", ["meta.json", "index.bin", "data.bin"])
def test_a_pipe_in_the_place_of_a_file_is_named_and_not_waited_for(tmp_path, name):
    folder = put(tmp_path, WAVLM, [3]).folder
    (folder / name).unlink()
    os.mkfifo(folder / name)
    assert f"{folder / name}: is no file; delete the folder {folder}" in look(folder).fault
    assert prune([look(folder)]).gone
    assert not folder.exists()


def test_a_shelf_is_pruned_as_a_whole(tmp_path):
    folder = put(tmp_path, WAVLM, [3]).folder
    other = put(tmp_path, {"name": "CLIP"}, [3]).folder
    pruned = prune([look(folder)])
    assert [shelf.folder for shelf in pruned.gone] == [folder]
    assert not folder.exists()
    assert other.exists()


def test_what_else_lies_in_a_folder_stays(tmp_path):
    folder = put(tmp_path, WAVLM, [3]).folder
    (folder / "notes.txt").write_text("mine")
    pruned = prune([look(folder)])
    assert list(pruned.left) == [folder]
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_a_shelf_that_cannot_be_taken_away_does_not_keep_the_others(tmp_path):
    stuck = put(tmp_path, WAVLM, [3]).folder
    (stuck / "index.bin").unlink()
    (stuck / "index.bin").mkdir()
    other = put(tmp_path, {"name": "Whisper"}, [3]).folder
    pruned = prune([look(stuck), look(other)])
    assert pruned.left == {stuck: "Is a directory"}
    assert [shelf.folder for shelf in pruned.gone] == [other]
    assert not other.exists()


def test_a_link_in_a_shelf_costs_the_link_alone(tmp_path):
    folder = put(tmp_path / "store", WAVLM, [300]).folder
    large = tmp_path / "large_disk.bin"
    (folder / "data.bin").rename(large)
    (folder / "data.bin").symlink_to(large)
    assert verified(look(folder)) == []
    assert look(folder).loose == 0
    prune([look(folder)])
    assert large.exists()
    assert not folder.exists()


def test_what_is_mapped_stays_readable(tmp_path):
    shelf = put(tmp_path, WAVLM, [3])
    mapped = shelf.read([key(0)], empty=lambda: None)
    assert len(prune([look(shelf.folder)]).gone) == 1
    assert mapped.values.tolist() == [[1, 1]] * 3


USING = """
import sys
from pathlib import Path
from mertk.holding import held
from mertk.store import Store

read, written = (Store(Path(sys.argv[1])).shelf({"name": name}) for name in sys.argv[2:])
with held(read.folder), written.writing():
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_shelves_that_another_process_reads_or_writes_are_left_alone(tmp_path):
    names = ("WavLM", "CLIP")
    folders = [put(tmp_path, {"name": name}, [3]).folder for name in names]
    command = [sys.executable, "-c", USING, str(tmp_path), *names]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        pruned = prune([look(folder) for folder in folders])
        process.stdin.close()
    assert ([s.folder for s in pruned.busy], pruned.gone) == (folders, [])
    assert all(verified(look(folder)) == [] for folder in folders)


def test_a_shelf_that_another_prune_took_is_gone(tmp_path):
    shelves = [look(put(tmp_path, {"name": name}, [3]).folder) for name in ("CLIP", "WavLM")]
    prune(shelves[:1])
    pruned = prune(shelves)
    assert (pruned.gone, pruned.busy, pruned.left) == (shelves, [], {})


def test_a_shelf_that_another_process_begins_again_while_it_is_pruned_is_its_own(
    tmp_path, monkeypatch
):
    shelf = look(put(tmp_path, WAVLM, [3]).folder)

    def begun(folder: Path) -> None:
        (folder / "used").touch()
        remove(folder)

    remove = Path.rmdir
    monkeypatch.setattr(Path, "rmdir", begun)
    pruned = prune([shelf])
    assert (pruned.gone, pruned.busy, pruned.left) == ([], [shelf], {})


def test_a_prune_that_was_killed_leaves_an_empty_shelf(tmp_path):
    shelf = put(tmp_path, WAVLM, [3])
    (shelf.folder / "index.bin").unlink()  # the first to go
    assert shelf.missing([key(0)]) == [key(0)]
    put(tmp_path, WAVLM, [2])
    assert verified(look(shelf.folder)) == []


def test_the_last_use_is_told(tmp_path):
    folder = put(tmp_path, WAVLM, [3]).folder
    (folder / "used").touch()
    moment = time.time() + 1000
    os.utime(folder / "used", (moment, moment))
    assert look(folder).used == pytest.approx(moment)


def test_the_identity_is_told_as_it_was_written(tmp_path):
    folder = put(tmp_path, WAVLM, [3]).folder
    assert look(folder).identity == json.loads((folder / "meta.json").read_text())["identity"]
