"""Auxiliary tasks that run and change nothing."""

from collections.abc import Iterator

from mertk.errors import Fault
from mertk.resolved import Resolved


def idle_weights(resolved: Resolved) -> Iterator[Fault]:
    """Tasks of weight 0 whose gifts no task reads that itself reaches the loss."""
    tasks = resolved.recipe.tasks
    offers = {name: resolved.parts[f"tasks.{name}"].component for name in tasks}
    needed: set[str] = set()  # by the tasks below that reach the loss, and not given there
    for name in reversed(tasks):
        gives = set(offers[name].provides)
        if not tasks[name].weight and not gives & needed:
            read = f"no task that counts reads its {', '.join(sorted(gives))}" if gives else ""
            why = f"its loss is left out and {read or 'it gives nothing to other tasks'}"
            yield Fault(f"tasks.{name}.weight", f"{why} (got 0); leave {name} out")
            continue
        needed = (needed - gives) | set(offers[name].requires)
