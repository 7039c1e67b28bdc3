"""A task that cannot reach the loss, neither by itself nor by what others make of it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mertk.audit.losses import idle_weights
from mertk.check import resolve
from mertk.draft import Draft, parse
from mertk.registry import discover
from tests.conftest import PARTS, TOY


def idle(tasks: dict[str, dict[str, object]]) -> set[str]:
    content = {**parse(TOY, "toy.yaml"), "tasks": tasks}
    resolved = resolve(Draft("toy.yaml", PARTS.parent, content), discover())
    return {fault.where for fault in idle_weights(resolved)}


def task(use: str, weight: float) -> dict[str, object]:
    return {"use": use, "weight": weight}


def test_a_weight_of_zero_is_dead_where_nobody_reads_what_the_task_gives() -> None:
    assert idle({"avel": task("avel", 1), "mem": task("mem", 0)}) == {"tasks.mem.weight"}
    assert idle({"avel": task("avel", 0)}) == {"tasks.avel.weight"}
    assert idle({"avel": task("avel", 0), "mem": task("mem", 0.1)}) == set()


def test_a_reader_that_is_dead_itself_keeps_nothing_alive() -> None:
    found = idle({"avel": task("avel", 0), "mem": task("mem", 0)})
    assert found == {"tasks.avel.weight", "tasks.mem.weight"}


def test_a_gift_that_a_later_task_gives_again_is_not_read() -> None:
    tasks = {"first": task("avel", 0), "second": task("avel", 0), "mem": task("mem", 0.1)}
    assert idle(tasks) == {"tasks.first.weight"}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["avel", "mem"]), st.booleans()), max_size=5))
def test_exactly_those_are_dead_without_which_the_loss_stays_the_same(chain) -> None:
    chain = [("avel", True), *chain]
    names = [f"t{i}" for i in range(len(chain))]
    found = idle({n: task(u, float(w)) for n, (u, w) in zip(names, chain, strict=True)})
    # A direct account: what each `mem` reads is the last `avel` above it.
    live = {i for i, (_, counts) in enumerate(chain) if counts}
    for i, (use, counts) in enumerate(chain):
        if use == "mem" and counts:
            live.add(max(j for j in range(i) if chain[j][0] == "avel"))
    assert found == {f"tasks.{names[i]}.weight" for i in range(len(chain)) if i not in live}
