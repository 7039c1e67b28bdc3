"""What is sent to workers, and how often."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mertk.check import resolve
from mertk.draft import Draft
from mertk.errors import MertkError
from mertk.executors.bench import answered, failed
from mertk.executors.jobs import TRIES, Failed, Job, Queue, Refused
from mertk.executors.shared import Recipes, Sent, Shared
from mertk.registry import discover
from mertk.split import Split
from mertk.variants import Variant


def job(key: str) -> Job:
    return Job("full", "fold1", 0, Split((), (), ()), "p", key, Path("checkpoint"))


def test_a_job_whose_worker_died_comes_first_and_not_too_often() -> None:
    queue = Queue(iter([job("a"), job("b")]))
    first = queue.take()
    assert first is not None
    for _ in range(TRIES - 1):
        assert queue.lost(first, "killed") is None
        assert queue.take() is first
    failure = queue.lost(first, "killed by SIGKILL")
    assert failure is not None
    assert failure.told == f"its worker died {TRIES} times (the last time killed by SIGKILL)"
    assert queue.take() == job("b")
    assert queue.take() is None


def test_a_variant_means_the_same_in_a_worker(toy: Draft, tmp_path, monkeypatch) -> None:
    variant = Variant("full", resolve(toy, discover()), "a note")
    recipes = Recipes.of([variant])
    monkeypatch.setenv("MERTK_HOME", "elsewhere")
    monkeypatch.chdir(tmp_path)
    opened = recipes.opened()["full"]
    assert opened.resolved.fingerprint == variant.resolved.fingerprint
    assert opened.resolved.recipe == variant.resolved.recipe
    assert (opened.name, opened.note) == ("full", "a note")
    assert Path.cwd() == recipes.folder, "paths of a recipe begin where the run was started"


def test_a_worker_with_other_code_is_refused(toy: Draft) -> None:
    sent = Sent.of(Variant("full", resolve(toy, discover())))
    other = replace(sent, code={**sent.code, "fusion": "mertk 0.0.1 abc"})
    with pytest.raises(
        MertkError, match=r"toy.yaml: fusion is 'mertk .*' on .*'mertk 0.0.1 abc' w"
    ):
        other.opened(discover())


def test_whatever_happens_to_a_worker_is_an_answer() -> None:
    def logs_and_fails():
        logging.getLogger("mertk.anything").warning("so %s", "it goes")
        logging.getLogger("mertk").debug("not this")
        raise ZeroDivisionError("by zero\nsecond line")

    told = answered(logs_and_fails, job("a"))
    assert told.said == ((logging.WARNING, "so it goes"),)
    assert isinstance(told.result, Failed)
    assert told.result.told == "ZeroDivisionError: by zero"
    assert "logs_and_fails" in told.result.traceback

    def refuses():
        raise MertkError("a: wrong; mend it")

    assert answered(refuses, job("a")).result == Refused("a: wrong; mend it")


def test_a_disk_without_room_for_what_workers_share_is_named(tmp_path: Path) -> None:
    shared = Shared(Recipes((), tmp_path, {}), None, {}, {}, {}, torch.device("cpu"), {})  # type: ignore[arg-type]
    with pytest.raises(MertkError, match=r"gone: what workers share cannot be written \(No such"):
        shared.save(tmp_path / "gone" / "shared")


def test_errors_that_say_nothing_or_cannot_say_it_are_told_by_their_type() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise ValueError("no words")

    assert failed(MemoryError()).told == "MemoryError"
    assert failed(ValueError("one\ntwo")).told == "ValueError: one"
    mute = failed(Mute())
    assert mute.told.startswith("Mute: <exception str() failed>")
    assert "Mute: " in mute.traceback
