"""Many parts of one file, looked at in one pass over it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from mertk.contracts import MediaRef
from mertk.errors import MediaError
from mertk.media._files import check

Fact = TypeVar("Fact")
Taker = TypeVar("Taker")
Pass = Callable[[Sequence[MediaRef]], Iterable[tuple[MediaRef, Fact | MediaError]]]


def in_one_pass(refs: Sequence[MediaRef], read: Pass[Fact]) -> list[Fact | MediaError]:
    """What `read` makes of each part of a file, or why that part cannot be read.

    The file is decoded once. Only where it breaks off in the middle are the parts that were not
    finished tried one by one, because those behind the damage may be whole.

    Args:
        refs: Parts of one file.
        read: Yields each of the parts it is given with what it made of it; it may raise a
            `MediaError`, which holds for the parts that it has not yielded.
    """
    found: dict[MediaRef, Fact | MediaError] = {}
    asked = []
    for ref in dict.fromkeys(refs):
        try:
            check(ref)
        except MediaError as error:
            found[ref] = error
        else:
            asked.append(ref)
    found |= _read(asked, read)
    return [found[ref] for ref in refs]


def _read(refs: Sequence[MediaRef], read: Pass[Fact]) -> dict[MediaRef, Fact | MediaError]:
    found: dict[MediaRef, Fact | MediaError] = {}
    if not refs:
        return found
    try:
        found.update(read(refs))  # what came before an error stays in it
    except MediaError as error:
        left = [ref for ref in refs if ref not in found]
        if len(refs) == 1:
            return {refs[0]: error}
        for ref in left:
            found |= _read([ref], read)
    return found


class Parts(Generic[Taker]):
    """The parts that time has come to, while a file goes by.

    Args:
        refs: The parts.
        make: Makes what takes in the pieces of one part.
    """

    def __init__(self, refs: Iterable[MediaRef], make: Callable[[MediaRef], Taker]) -> None:
        self._waiting = deque(sorted(refs, key=lambda ref: ref.start))
        ends = [ref.end for ref in self._waiting]
        self.end = None if None in ends else max(e for e in ends if e is not None)
        """Where the last of them ends, seconds; None is the end of the file."""
        self._make = make
        self._open: dict[MediaRef, Taker] = {}

    @property
    def start(self) -> float:
        """Where the first of those begins that have not begun yet, seconds."""
        return self._waiting[0].start

    @property
    def over(self) -> bool:
        """Whether nothing is left to be read."""
        return not self._waiting and not self._open

    def until(self, time: float) -> Iterable[tuple[MediaRef, Taker]]:
        """Those that begin before a time and are not closed."""
        while self._waiting and self._waiting[0].start < time:
            ref = self._waiting.popleft()
            self._open[ref] = self._make(ref)
        return self._open.items()

    def close(self, time: float | None = None) -> Iterator[tuple[MediaRef, Taker]]:
        """Take out those that end by a time; all that there are where none is given."""
        self.until(float("inf") if time is None else time)
        ended = [r for r in self._open if time is None or (r.end is not None and r.end <= time)]
        for ref in ended:
            yield ref, self._open.pop(ref)
