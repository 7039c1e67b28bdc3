"""Settings of a recipe that cannot reach the computation, as far as that can be told unbuilt.

What needs a model is told by `mertk.probe`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mertk.audit.arguments import idle_arguments
from mertk.audit.losses import idle_weights
from mertk.audit.settings import idle_settings
from mertk.errors import Fault
from mertk.resolved import Resolved

Json = Any


def idle(content: Mapping[str, Json], resolved: Resolved) -> list[Fault]:
    """What a recipe says and nothing reads; a default that is idle is no fault.

    Args:
        content: The recipe as it is written.
        resolved: The same, checked.
    """
    found = [*idle_arguments(resolved), *idle_weights(resolved), *idle_settings(resolved)]
    return [fault for fault in found if _given(content, fault.where.split("."))]


def _given(content: Json, path: Sequence[str]) -> bool:
    if not path:
        return True
    first, *rest = path
    if isinstance(content, list):
        return first.isdecimal() and int(first) < len(content) and _given(content[int(first)], rest)
    return isinstance(content, Mapping) and first in content and _given(content[first], rest)


def sort_out(
    found: Iterable[Fault], before: Iterable[Fault], touched: Iterable[str]
) -> tuple[list[Fault], str]:
    """What of it is a fault, and a note on what only an edit elsewhere in the recipe made idle.

    Args:
        found: What is idle after an edit.
        before: What was idle without it.
        touched: Dotted paths that the edit gave a value.
    """
    known = {fault.where for fault in before}
    paths = tuple(touched)
    faults, aside = [], []
    for fault in found:
        own = any(f"{fault.where}.".startswith(f"{path}.") for path in paths)
        if own or fault.where in known:
            faults.append(fault)
        else:
            aside.append(fault.where)
    return faults, f"without effect here: {', '.join(aside)}" if aside else ""
