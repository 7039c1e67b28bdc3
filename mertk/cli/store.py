"""`mertk store`: what features are kept, whether they are whole, taking some away."""

import argparse
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from mertk.amounts import counted, few, sized
from mertk.blocks import StoreError
from mertk.cli import FAILED, OK
from mertk.cli.answer import answer
from mertk.cli.choosing import asks, chosen
from mertk.console import Screen
from mertk.digests import DIGESTS, Digests
from mertk.home import home
from mertk.shelves import Kept, Pruned, damaged, differing, prune, survey

Json = Any
SHOWN = 5
"""Damaged sequences of a shelf that are named on the screen."""


ASKED: Final = "nothing of what was asked for is there"
NOT_ASKED: Final = (
    "there is nothing that no run can read; name encoders, or say --older, --altered or --keep"
)


def store(arguments: argparse.Namespace) -> int:
    """List, verify or prune the shelves of the store."""
    verbs = {"ls": _list, "verify": _verify, "prune": _prune}
    return verbs[arguments.what](arguments, Screen(), home() / "features")


def _list(arguments: argparse.Namespace, screen: Screen, root: Path) -> int:
    shelves = survey(root)
    if arguments.json:
        total = sum(shelf.nbytes for shelf in shelves)
        answer({"store": str(root), "bytes": total, "shelves": [_as_json(s) for s in shelves]})
        return OK
    _table(screen, root, shelves)
    return OK


def _table(screen: Screen, root: Path, shelves: Sequence[Kept]) -> None:
    notes = [
        "; ".join(filter(None, [*_marks(s), w]))
        for s, w in zip(shelves, differing(shelves), strict=True)
    ]
    noted = ["note"] if any(notes) else []
    rows = [
        [
            shelf.encoder,
            shelf.key,
            " ".join(filter(None, [shelf.stage, *_form(shelf)])),
            str(shelf.clips),
            str(shelf.steps),
            sized(shelf.nbytes),
            _day(shelf.used),
            *([note] if noted else []),
        ]
        for shelf, note in zip(shelves, notes, strict=True)
    ]
    total = sized(sum(shelf.nbytes for shelf in shelves))
    screen.table(
        f"{root}: {counted(len(shelves), 'encoder')}, {total}",
        ["encoder", "key", "kept", "clips", "steps", "size", "last used", *noted],
        rows,
        ["mertk store prune tells what can go"] if shelves else ["nothing is stored"],
        left=("key", "kept", "note"),
    )


def _form(shelf: Kept) -> Iterator[str]:
    """What its numbers are kept in, and computed in where that is half precision."""
    if shelf.held.layout:
        yield shelf.held.layout.dtype
    if (precision := shelf.identity.get("precision", "fp32")) != "fp32":
        yield f"by {precision}"


def _marks(shelf: Kept) -> Iterator[str]:
    if shelf.fault:
        yield "cannot be read"
    if shelf.altered:
        yield "altered media"
    if shelf.loose:
        yield f"{sized(shelf.loose)} loose"


def _verify(arguments: argparse.Namespace, screen: Screen, root: Path) -> int:
    shelves = survey(root)
    told: list[dict[str, Json]] = []
    with screen.bar("checksums", sum(shelf.clips for shelf in shelves)) as advance:
        for shelf in shelves:
            keys: list[str] = []
            fault = shelf.fault
            try:
                keys = [] if fault else damaged(shelf, advance)
            except StoreError as error:
                fault = str(error)
            told.append({**_as_json(shelf), "fault": fault, "damaged": keys})
    wrong = [one for one in told if one["fault"] or one["damaged"] or one["loose_bytes"]]
    if arguments.json:
        answer({"store": str(root), "sound": not wrong, "shelves": told})
        return FAILED if wrong else OK
    for one in wrong:
        for line in _told(one):
            screen.tell(line)
    clips, size = sum(s.clips for s in shelves), sized(sum(s.nbytes for s in shelves))
    sound = f"{len(shelves) - len(wrong)} of {counted(len(shelves), 'encoder')} sound"
    screen.tell(f"{root}: {counted(clips, 'sequence')}, {size} read; {sound}")
    return FAILED if wrong else OK


def _told(one: dict[str, Json]) -> Iterator[str]:
    """What is wrong with a shelf, and what will happen."""
    where, keys = one["folder"], one["damaged"]
    if one["fault"]:
        yield one["fault"]
    if keys:
        yield (
            f"{where}: {len(keys)} of {one['clips']} sequences are no longer what was written "
            f"({few(keys, SHOWN)}); the next run that reads them computes them again"
        )
    if one["loose_bytes"]:
        yield (
            f"{where}: {one['loose_bytes']} bytes of an unfinished write, or behind a damaged "
            "record; the next run that computes for it cuts them off"
        )


def _prune(arguments: argparse.Namespace, screen: Screen, root: Path) -> int:
    shelves = survey(root)
    going = chosen(arguments, shelves)
    digests = Digests(root / DIGESTS)
    forgotten = digests.gone()
    pruned = Pruned()
    if arguments.yes:
        pruned = prune(going)
        if forgotten:
            digests.forget_gone()
    status = FAILED if pruned.left else OK
    if arguments.json:
        answer(
            {
                "store": str(root),
                "done": arguments.yes,
                "chosen": [_as_json(shelf) for shelf in going],
                "gone": [str(shelf.folder) for shelf in pruned.gone],
                "in_use": [str(shelf.folder) for shelf in pruned.busy],
                "left": {str(path): why for path, why in pruned.left.items()},
                "digests_of_no_file": forgotten,
            }
        )
        return status
    _tell_pruned(arguments, screen, root, going, pruned, forgotten)
    return status


def _tell_pruned(
    arguments: argparse.Namespace,
    screen: Screen,
    root: Path,
    going: Sequence[Kept],
    pruned: Pruned,
    forgotten: int,
) -> None:
    for shelf in going:
        screen.tell(f"{shelf.folder.name}  {sized(shelf.nbytes)}  last used {_day(shelf.used)}")
    for shelf in pruned.busy:
        screen.tell(f"{shelf.folder}: a process uses it; it was left alone")
    for path, why in pruned.left.items():
        screen.tell(f"{path}: cannot be taken away as a whole ({why}); see what lies there")
    if not going and not forgotten:
        asked = ASKED if asks(arguments) else NOT_ASKED
        screen.tell(f"{root}: {asked}; nothing goes")
        return
    gone = pruned.gone if arguments.yes else going
    done = "pruned" if arguments.yes else "would go; --yes prunes"
    total = sized(sum(shelf.nbytes for shelf in gone))
    digests = f", {counted(forgotten, 'digest')} of files that are gone" if forgotten else ""
    screen.tell(f"{root}: {counted(len(gone), 'encoder')}, {total}{digests}: {done}")


def _as_json(shelf: Kept) -> dict[str, Json]:
    layout = shelf.held.layout
    return {
        "folder": str(shelf.folder),
        "encoder": shelf.encoder,
        "key": shelf.key,
        "stage": shelf.stage or None,
        "dtype": layout.dtype if layout else None,
        "step": list(layout.shape) if layout else None,
        "clips": shelf.clips,
        "steps": shelf.steps,
        "bytes": shelf.nbytes,
        "loose_bytes": shelf.loose,
        "altered": shelf.altered,
        "written": _moment(shelf.written),
        "used": _moment(shelf.used),
        "fault": shelf.fault,
        "identity": dict(shelf.identity),
    }


def _moment(seconds: float) -> str | None:
    return (
        datetime.fromtimestamp(seconds).astimezone().isoformat("T", "seconds") if seconds else None
    )


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).date().isoformat() if seconds else "never"
