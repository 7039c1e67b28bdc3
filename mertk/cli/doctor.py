"""`mertk doctor`: what is wrong with a corpus."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from mertk.amounts import few
from mertk.cli import FAILED, OK
from mertk.cli.answer import answer
from mertk.cli.beginning import begin
from mertk.console import Screen
from mertk.doctor import CHECKS, Diagnosis, Examined, diagnose, open_dataset, read_media
from mertk.doctor.findings import SEVERITIES
from mertk.doctor.listing import (
    as_json,
    exclusions,
    refuse_format,
    write_exclusions,
    write_list,
)

EXAMPLES = 40
"""Characters of examples in a row of the summary."""


def doctor(arguments: argparse.Namespace) -> int:
    """Examine a corpus; 1 where something severe is found."""
    screen, registry = begin()
    listed, left_out = (Path(p) if p else None for p in (arguments.out, arguments.exclude))
    if listed:
        refuse_format(listed)
    corpus = open_dataset(arguments.dataset, arguments.set, registry)
    examined = Examined(corpus, read_media(corpus.clips, screen.bar))
    found = diagnose(examined)
    if listed:
        write_list(listed, found)
    if left_out:
        write_exclusions(left_out, examined, found)
    if arguments.json:
        answer(as_json(examined, found))
    else:
        _tell(screen, examined, found, arguments)
    return FAILED if any(d.severity == "severe" for d in found) else OK


def _tell(
    screen: Screen, examined: Examined, found: Sequence[Diagnosis], arguments: argparse.Namespace
) -> None:
    """The summary: one row per class of fault, the gravest first, and the ways out."""
    corpus = examined.corpus
    ranked = sorted(found, key=lambda d: SEVERITIES.index(d.severity))
    screen.table(
        f"{corpus.card.title}: {_several(corpus.clips, 'clip')}, {_several(corpus.folds, 'fold')}",
        ["fault", "severity", "how many", "for example"],
        [[d.check.name, d.severity, str(d.count), _examples(d)] for d in ranked]
        or [["none", "", "0", f"{len(CHECKS)} classes of fault were looked for"]],
        [
            *(_told(d) for d in ranked),
            *_notes(examined, found, arguments),
        ],
        left=("severity", "for example"),
    )


def _told(diagnosis: Diagnosis) -> str:
    check = diagnosis.check
    told = diagnosis.findings[0].what if _is_message(diagnosis) else check.means
    return f"{check.name}: {told}; {check.way_out}"


def _examples(diagnosis: Diagnosis) -> str:
    """The first finding, and as many further clips as the row has room for."""
    first = diagnosis.findings[0]
    if _is_message(diagnosis):
        return "(told below)"
    if not first.clips and not first.paths:
        return first.what
    named = list(
        dict.fromkeys(
            name
            for finding in diagnosis.findings
            for name in finding.clips or [path.name for path in finding.paths]
        )
    )
    shown = named[:1]
    for name in named[1:]:
        if len(", ".join([*shown, name])) > EXAMPLES:
            break
        shown.append(name)
    return few(named, len(shown))


def _several(things: Sequence[object], word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def _is_message(diagnosis: Diagnosis) -> bool:
    """Whether what was found is one sentence about the corpus, such as why it is refused."""
    first = diagnosis.findings[0]
    return len(diagnosis.findings) == 1 and not first.clips and not first.paths


def _notes(
    examined: Examined, found: Sequence[Diagnosis], arguments: argparse.Namespace
) -> Iterator[str]:
    corpus = examined.corpus
    if corpus.counts:
        right = sum(c.found == c.published for c in corpus.counts)
        yield f"{right} of {len(corpus.counts)} counts are as published"
    else:
        yield "no published counts are known of this dataset"
    if corpus.excluded:
        yield f"dataset.exclude leaves out {_several(corpus.excluded, 'clip')}"
    clips = exclusions(found)
    if clips and arguments.exclude:
        yield f"--set dataset.exclude=@{arguments.exclude} leaves out the worst ({len(clips)})"
    elif clips:
        yield f"--exclude FILE writes a list of clips to leave out ({len(clips)})"
    if found and not arguments.out:
        yield "--out FILE lists every finding"
    if corpus.card.synthetic:
        yield "SYNTHETIC DATA: these clips say nothing about real emotion"
