"""Trials as tasks of a real Ray cluster of several nodes, one of them killed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="needs the extra ray")

import ray

from mertk.errors import MertkError
from mertk.executors.choice import choose
from mertk.executors.jobs import Failed
from mertk.executors.ray import _result
from tests.executors.conftest import PARTS, kept

pytestmark = [
    # Ray's own: sockets and threads that it leaves to the end of the process.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
    pytest.mark.filterwarnings(
        "ignore::FutureWarning", "ignore::pytest.PytestUnhandledThreadExceptionWarning"
    ),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Any]:
    """A head without cores, and two nodes with one each."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    made = Cluster()
    _added(made, num_cpus=0)
    made.nodes = [_added(made, num_cpus=1) for _ in range(2)]
    yield made
    made.shutdown()


def _added(cluster: Any, **resources: int) -> Any:
    """A node; Ray gives it 30 s to start, which are not enough on a machine that has much to do."""
    for _ in range(3):
        try:
            return cluster.add_node(**resources)
        except Exception as error:
            if "timed out during startup" not in str(error):
                raise
    return pytest.fail("Ray cannot start a node in three times 30 s")


def started(*argv: str, address: str) -> "subprocess.Popen[str]":
    """The command line in a process of its own, on a cluster."""
    return subprocess.Popen(
        [sys.executable, "-m", "mertk", *argv, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "RAY_ADDRESS": address, "OMP_NUM_THREADS": "1"},
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_trials_of_a_node_that_dies_run_again_elsewhere_with_the_same_results(
    recipe: str, run, tmp_path: Path, cluster, monkeypatch
) -> None:
    begun, go = tmp_path / "begun", tmp_path / "go"
    begun.mkdir()
    waits = f"tasks.waits={{use: '{PARTS}:Waits', begun: {begun}, go: {go}}}"
    log = f"encoders.words.log={tmp_path}/read"
    argv = ("ablate", recipe, "--set", waits, "--set", log, "--without", "mem")
    going = started(*argv, "--executor", "ray", address=cluster.address)
    deadline = time.monotonic() + 200
    while len(list(begun.glob("[!.]*"))) < 2 and time.monotonic() < deadline:
        assert going.poll() is None, going.communicate()
        time.sleep(0.05)
    held = {file.read_text() for file in begun.glob("[!.]*")}
    nodes = {node.node_id: node for node in cluster.nodes}
    assert held == nodes.keys(), "each node conducts a trial"
    cluster.remove_node(nodes[sorted(held)[0]], allow_graceful=False)
    go.touch()
    out, err = going.communicate(timeout=280)
    assert going.returncode == 0, err
    assert json.loads(out)["rows"][0]["trials"] == 3
    assert len(list(begun.glob("[!.]*"))) >= 2
    readers = {int(line.split()[0]) for line in Path("read").read_text().splitlines()}
    assert going.pid not in readers, "clips are encoded on the cluster"
    monkeypatch.setenv("MERTK_HOME", str(tmp_path / "another"))
    assert run(*argv, "--results", "alone")[0] == 0
    assert kept("results") == kept("alone")
    assert len(kept("alone")) == 6


def test_what_no_node_has_is_refused_where_none_will_come(monkeypatch, caplog) -> None:
    from mertk.executors import ray as ours

    nodes = [
        {"Alive": True, "Resources": {"CPU": 4.0, "memory": 8e9}},
        {"Alive": True, "Resources": {"CPU": 2.0, "GPU": 1.0, "memory": 8e9}},
        {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0, "memory": 8e9}},
    ]
    monkeypatch.setattr(ours.ray, "nodes", lambda: nodes)
    fits = ours.Cluster(choose("ray", None, "cpu=1,gpu=0.5,memory=4", None))
    fits.refuse_too_much(grows=False)
    assert fits.slots() == 2
    assert ours.Cluster(choose("ray", None, None, None)).slots() == 6
    assert ours.Cluster(choose("ray", 5, None, None)).slots() == 5
    assert fits.options == {"num_cpus": 1.0, "num_gpus": 0.5, "memory": 4e9, "max_retries": 2}
    apart = ours.Cluster(choose("ray", None, "cpu=4,gpu=1", None))
    told = "--resources cpu=4,gpu=1: no node has that much (the most of each: cpu 4, gpu 1)"
    with pytest.raises(MertkError) as raised:
        apart.refuse_too_much(grows=False)
    assert str(raised.value) == f"{told}; ask for less"
    with caplog.at_level("WARNING"):
        apart.refuse_too_much(grows=True)
    assert f"{told}; waiting for one that has" in caplog.text


def test_a_cluster_that_does_not_answer_is_told(monkeypatch) -> None:
    from mertk.executors import ray as ours

    def refuses(**_: object) -> None:
        raise ConnectionError("nobody at 10.0.0.1")

    monkeypatch.setattr(ours.ray, "init", refuses)
    with (
        pytest.raises(MertkError, match=r"--executor ray: .* \(nobody at 10.0.0.1\)"),
        ours.connected(choose("ray", None, None, None)),
    ):
        pass


def test_an_error_around_a_trial_is_told_as_itself_and_not_as_a_worker_that_died(
    monkeypatch,
) -> None:
    error = ray.exceptions.RayTaskError("conduct", "too large to be sent", ValueError())

    def raising(_: object) -> None:
        raise error

    monkeypatch.setattr(ray, "get", raising)
    result = _result(None)  # type: ignore[arg-type]
    assert isinstance(result, Failed)
    assert result.told.startswith("RayTaskError(ValueError):")
    assert "too large to be sent" in result.traceback
