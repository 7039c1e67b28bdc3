"""Several processes come to what one comes to with the joint batch."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mertk.cli import main
from mertk.errors import MertkError
from mertk.launched import launched
from mertk.records import Record
from mertk.train.team import ALONE, Team, join
from tests.conftest import PARTS, TOY
from tests.train import together
from tests.train.test_relay import assert_close

ROOT = Path(__file__).parents[2]
TORCHRUN = ("torch.distributed.run", "--standalone", "--nproc_per_node=2")
ACCELERATE = (
    *("accelerate.commands.launch", "--multi_gpu", "--num_processes=2", "--num_machines=1"),
    *("--mixed_precision=no", "--dynamo_backend=no", "--main_process_port=0"),
)
FROZEN = f'again: {{use: "{PARTS}:Spelled", scale: -2.0}}'
TRAINED = TOY.replace(FROZEN, f'again: {{use: "{PARTS}:Trained", train: true}}')


def launch(*argv: str, by: Sequence[str] = TORCHRUN) -> subprocess.CompletedProcess[str]:
    """Start two processes together."""
    path = f"{ROOT}{os.pathsep}{ROOT / 'plugins'}"
    return subprocess.run(
        [sys.executable, "-m", *by, *argv],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def test_two_processes_come_to_the_losses_and_gradients_of_one(tmp_path: Path) -> None:
    """A step, a step of micro-batches, and a fit that was interrupted."""
    out = tmp_path / "found"
    done = launch(str(Path(together.__file__)), str(out))
    assert done.returncode == 0, done.stderr
    found = torch.load(out, weights_only=True)
    one = together.step(together.model())
    assert_close(found["step"], one, 1e-9)
    assert_close(found["cut step"], one, 1e-9)
    assert_close(found["fit"], together.whole(), 1e-5)


@given(st.integers(1, 40), st.integers(1, 9))
def test_shares_are_even_and_make_up_the_batch(clips: int, size: int) -> None:
    rows = torch.randperm(clips)
    team = [Team.__new__(Team) for _ in range(size)]
    for rank, one in enumerate(team):
        one.rank, one.size = rank, size
    shares = [one.share(rows) for one in team]
    assert len({len(share) for share in shares}) == 1
    assert torch.equal(torch.cat(shares)[:clips], rows)


def test_one_process_alone_asks_nobody() -> None:
    assert ALONE.main
    assert ALONE.any(True)
    assert not ALONE.any(False)
    assert ALONE.alike(3)
    x = torch.rand(2, 3)
    assert ALONE.gather(x) is x
    with ALONE.first():
        ALONE.call("next")


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({}, (0, 1)),
        ({"RANK": "0", "WORLD_SIZE": "1"}, (0, 1)),
        ({"RANK": "3", "WORLD_SIZE": "4"}, (3, 4)),
        ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"}, (1, 2)),
        ({"PMI_RANK": "1", "PMI_SIZE": "2"}, (1, 2)),
        ({"RANK": "3"}, (0, 1)),
    ],
)
def test_launchers_tell_a_process_its_place(monkeypatch, said, place) -> None:
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    assert launched() == place


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """The toy with an encoder that is trained; nothing is dropped in it."""
    path = tmp_path / "toy.yaml"
    assert FROZEN in TOY
    path.write_text(TRAINED.replace("heads: 2", "heads: 1"), encoding="utf-8")
    return path


def kept(results: Path) -> dict[str, Record]:
    found = sorted(results.rglob("trial.json"))
    return {p.parent.name: Record(p.parent, json.loads(p.read_text())) for p in found}


def test_a_launched_run_keeps_what_one_process_would(recipe: Path, tmp_path: Path, capsys) -> None:
    several, one = tmp_path / "several", tmp_path / "one"
    argv = ["run", str(recipe), "--json", "--results"]
    done = launch("-m", "mertk", *argv, str(several))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)  # by the main process alone
    assert main([*argv, str(one)]) == 0
    assert told["rows"] == json.loads(capsys.readouterr().out)["rows"]
    found, expected = kept(several), kept(one)
    assert found.keys() == expected.keys(), "how many processes there were is no cause"
    for name, record in expected.items():
        assert record.facts["provenance"]["processes"] == 1
        assert found[name].facts["provenance"]["processes"] == 2
        for a, b in zip(found[name].predictions(), record.predictions(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_processes_with_nothing_to_share_out_are_refused(tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "toy.yaml").write_text(TOY, encoding="utf-8")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    assert main(["run", str(tmp_path / "toy.yaml"), "--results", str(tmp_path)]) == 2
    assert "no encoder is trained" in (said := capsys.readouterr().err)
    assert "start `mertk run` several times" in said


def test_a_launcher_that_has_ended_is_not_waited_for(monkeypatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]  # nobody answers there, once it is closed
    told = {"RANK": 0, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    for name, value in {**told, "TORCHELASTIC_USE_AGENT_STORE": True}.items():
        monkeypatch.setenv(name, str(value))
    with pytest.raises(MertkError, match=rf"has ended: nothing answers at 127.0.0.1:{port} \("):
        join("cpu")


def test_what_one_process_does_is_not_launched_in_several(tmp_path, monkeypatch) -> None:
    from mertk.errors import MertkError
    from mertk.train.device import pick_device

    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(MertkError, match="one process does this; launch no others"):
        pick_device("cpu")


@pytest.mark.slow
def test_a_fault_in_one_process_ends_all_with_its_message(recipe: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text(
        "import os\n"
        "from tests.toy_parts import Trained\n"
        "class Bad(Trained):\n"
        "    def forward(self, stream):\n"
        "        if self.training and os.environ.get('RANK') == '1' and len(stream.x) == 4:\n"
        "            raise RuntimeError('boom')\n"
        "        return super().forward(stream)\n",
        encoding="utf-8",
    )
    sets = ["--set", f"encoders.again={{use: '{bad}:Bad', train: true}}"]
    done = launch("-m", "mertk", "run", str(recipe), "--results", str(tmp_path / "r"), *sets)
    assert done.returncode == 1
    assert "mertk: process 1: RuntimeError: boom" in done.stderr


@pytest.mark.slow
def test_a_trial_without_numbers_fails_alike_in_all_and_the_others_go_on(
    recipe: Path, tmp_path: Path
) -> None:
    sets = ["--set", f"tasks.boom={{use: '{PARTS}:Explodes'}}"]
    done = launch("-m", "mertk", "run", str(recipe), "--results", str(tmp_path / "r"), *sets)
    assert done.stderr.count("not finite") == 3, done.stderr
    assert len([*(tmp_path / "r").rglob("*.failed.txt")]) == 3


@pytest.mark.slow
def test_a_recipe_that_cannot_run_is_told_once_by_the_main_process(tmp_path: Path) -> None:
    path = tmp_path / "toy.yaml"
    path.write_text(TRAINED, encoding="utf-8")
    done = launch("-m", "mertk", "run", str(path), "--results", str(tmp_path / "r"))
    assert done.returncode != 0
    assert done.stderr.count("fusion.heads: 2 do not divide") == 1


@pytest.mark.slow
def test_accelerate_launches_it_too(recipe: Path, tmp_path: Path) -> None:
    mertk = ["-m", "mertk", "run", str(recipe), "--device=cpu", "--results", str(tmp_path / "r")]
    done = launch(*mertk, by=ACCELERATE)
    assert done.returncode == 0, done.stderr
    assert {r.facts["provenance"]["processes"] for r in kept(tmp_path / "r").values()} == {2}
