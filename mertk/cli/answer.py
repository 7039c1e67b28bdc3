"""The one object that `--json` prints on stdout; whatever else is printed goes to stderr."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from typing import Any, TextIO

Json = Any
_answers: list[TextIO] = []


@contextmanager
def alone(*, as_json: bool) -> Iterator[None]:
    """Keep what components print, inside the `with`, out of the answer."""
    _answers.append(sys.stdout)
    try:
        with redirect_stdout(sys.stderr) if as_json else nullcontext():
            yield
    finally:
        _answers.pop()


def answer(told: Json) -> None:
    """Print the answer."""
    print(json.dumps(told, allow_nan=False), file=_answers[-1] if _answers else sys.stdout)
