import json
import os
from pathlib import Path

import numpy as np
import pytest

from mertk.check import resolve
from mertk.cli import main
from mertk.draft import Draft
from mertk.registry import discover
from mertk.store import Store

PARTS = Path(__file__).parent.parent / "toy_parts.py"
RECIPE = {
    "name": "kept",
    "dataset": {"use": f"{PARTS}:Corpus"},
    "encoders": {"words": {"use": f"{PARTS}:Spelled"}},
    "fusion": {"use": "concat"},
}
OLD = 1_000_000_000


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("MERTK_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "features"


def put(root, name, used=None, lengths=(3, 2), **more):
    shelf = Store(root).shelf({"name": name, "stage": "output", **more})
    with shelf.writing() as writer:
        arrays = [np.ones((n, 4), np.float32) for n in lengths]
        writer.append([i.to_bytes(16, "big") for i in range(len(lengths))], arrays)
    if used:
        for path in shelf.folder.iterdir():
            os.utime(path, (used, used))
    return shelf.folder


def asked(capsys, *argv, status=0):
    assert main(["store", *argv, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def names(told):
    return [shelf["encoder"] for shelf in told]


def test_ls_tells_what_was_computed_in_half_precision(root, capsys):
    put(root, "WavLM", precision="bf16")
    put(root, "WavLM", precision="fp32")
    assert main(["store", "ls"]) == 0
    out = capsys.readouterr().out
    assert out.count("output float32") == 2
    assert out.count("output float32 by bf16") == 1


def test_ls_tells_what_is_kept(root, capsys):
    put(root, "WavLM")
    assert main(["store", "ls"]) == 0
    assert "note" not in capsys.readouterr().out
    put(root, "CLIP", altered=True)
    assert main(["store", "ls"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "2 encoders, 0.0 MiB" in lines[0]
    assert any("CLIP" in line and "altered media" in line for line in lines)
    assert any("WavLM" in line and "output float32" in line and " 2 " in line for line in lines)
    assert not any(" by " in line for line in lines)

    told = asked(capsys, "ls")
    assert names(told["shelves"]) == ["CLIP", "WavLM"]
    assert told["bytes"] == sum(shelf["bytes"] for shelf in told["shelves"])
    wavlm = told["shelves"][1]
    assert (wavlm["clips"], wavlm["steps"], wavlm["step"], wavlm["altered"]) == (2, 5, [4], False)


def test_an_empty_store_is_no_fault(root, capsys):
    for what in ("ls", "verify", "prune"):
        assert main(["store", what]) == 0
    assert "nothing is stored" in capsys.readouterr().out
    assert not root.exists()


def test_verify_names_what_is_damaged_and_what_will_happen(root, capsys):
    assert main(["store", "verify"]) == 0
    folder = put(root, "WavLM")
    put(root, "CLIP")
    assert main(["store", "verify"]) == 0
    assert "2 of 2 encoders sound" in capsys.readouterr().out
    with (folder / "data.bin").open("r+b") as file:
        file.write(b"\xff")
    (unreadable := put(root, "Whisper") / "meta.json").write_text("no JSON")
    with (put(root, "Faces") / "data.bin").open("ab") as file:
        file.write(b"torn")
    assert main(["store", "verify"]) == 1
    told = capsys.readouterr().out
    assert f"{folder}: 1 of 2 sequences are no longer what was written ({'0' * 32})" in told
    assert "the next run that reads them computes them again" in told
    assert f"{unreadable}: is not as it was written" in told
    assert "4 bytes of an unfinished write, or behind a damaged record; the next run" in told
    assert "1 of 4 encoders sound" in told

    told = asked(capsys, "verify", status=1)
    assert not told["sound"]
    assert {s["encoder"]: len(s["damaged"]) for s in told["shelves"]}["WavLM"] == 1


def test_prune_only_tells_until_it_is_told_to(root, capsys):
    folder = put(root, "WavLM")
    assert main(["store", "prune", "WavLM"]) == 0
    told = capsys.readouterr().out
    assert "1 encoder, 0.0 MiB: would go; --yes prunes" in told
    assert folder.exists()
    assert main(["store", "prune", "WavLM", "--yes"]) == 0
    assert "1 encoder, 0.0 MiB: pruned" in capsys.readouterr().out
    assert not folder.exists()


def test_prune_knows_encoders_by_what_recipes_call_them(root, capsys):
    put(root, "WavLM", code="mertk_plugins.encoders.wavlm:WavLM")
    put(root, "WavLM", code="elsewhere:WavLM")
    put(root, "CLIP", code="mertk_plugins.encoders.clip:CLIP")
    (only,) = asked(capsys, "prune", "wavlm")["chosen"]
    assert only["identity"]["code"] == "mertk_plugins.encoders.wavlm:WavLM"
    assert names(asked(capsys, "prune", "clip", "WavLM")["chosen"]) == ["CLIP", "WavLM", "WavLM"]


def test_where_nothing_is_to_be_pruned_it_is_said(root, capsys):
    put(root, "WavLM")
    for argv in (["--altered"], ["--altered", "--yes"]):
        assert main(["store", "prune", *argv]) == 0
        assert "nothing of what was asked for is there; nothing goes" in capsys.readouterr().out


def test_without_a_choice_only_what_no_run_can_read_goes(root, capsys):
    put(root, "WavLM")
    (put(root, "Whisper") / "meta.json").write_text("no JSON")
    put(root, "Empty", lengths=())
    assert sorted(names(asked(capsys, "prune")["chosen"])) == ["Empty", "Whisper"]


def test_all_choices_must_be_true(root, capsys):
    put(root, "WavLM", used=OLD)
    put(root, "WavLM", used=OLD, altered=True)
    put(root, "CLIP", altered=True)
    assert names(asked(capsys, "prune", "--altered")["chosen"]) == ["CLIP", "WavLM"]
    assert len(asked(capsys, "prune", "--older", "30d")["chosen"]) == 2
    (only,) = asked(capsys, "prune", "WavLM", "--older", "12h", "--altered")["chosen"]
    assert (only["encoder"], only["altered"]) == ("WavLM", True)
    assert names(asked(capsys, "prune", only["key"][:6])["chosen"]) == ["WavLM"]


def test_keep_spares_what_a_recipe_uses(root, capsys):
    recipe = root.parent / "kept.yaml"
    recipe.write_text(json.dumps(RECIPE))
    resolved = resolve(Draft("kept", Path(), RECIPE), discover())
    words, made = resolved.named("encoders.words"), {"dtype": "float32", "precision": "fp32"}
    put(root, **words, version="1", **made)
    put(root, **words, **{**made, "precision": "bf16"})
    put(root, **words, **{**made, "dtype": "float16"})
    put(root, **words, stage="input", dtype="as loaded")
    put(root, "Other", **made)
    chosen = asked(capsys, "prune", "--keep", str(recipe))["chosen"]
    assert {(c["encoder"], c["identity"]["dtype"], c["identity"]["precision"]) for c in chosen} == {
        ("Other", "float32", "fp32"),
        ("Spelled", "float32", "bf16"),
        ("Spelled", "float16", "fp32"),
    }


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["WavML"], "WavML: nothing of an encoder of this name or key is stored; did you mean"),
        (["--older", "month"], "--older month: expected hours, days or weeks, such as 12h, 30d"),
        (["--keep", "nothing.yaml"], "nothing.yaml"),
    ],
)
def test_what_cannot_be_made_out_is_said(root, capsys, argv, message):
    put(root, "WavLM")
    assert main(["store", "prune", *argv]) == 2
    assert message in capsys.readouterr().err


def test_digests_of_files_that_are_gone_are_forgotten(root, capsys):
    media = [root.parent / name for name in ("here.wav", "gone.wav")]
    for path in media:
        path.write_bytes(b"sound")
        os.utime(path, (OLD, OLD))
    put(root, "WavLM")
    file = root / "digests.txt"
    file.write_text("".join(f"\nabc\t5 1 1\t{path}\t\n" for path in media) + "\ntorn\t1")
    media[1].unlink()
    assert asked(capsys, "prune")["digests_of_no_file"] == 1
    assert "gone.wav" in file.read_text()
    assert main(["store", "prune", "--yes"]) == 0
    assert "1 digest of files that are gone: pruned" in capsys.readouterr().out
    assert file.read_text() == f"\nabc\t5 1 1\t{media[0]}\t\n"


def test_without_a_choice_and_without_anything_useless_it_says_what_can_be_chosen(root, capsys):
    put(root, "WavLM")
    assert main(["store", "prune"]) == 0
    out = capsys.readouterr().out
    assert "nothing that no run can read; name encoders, or say --older, --altered or --keep" in out
