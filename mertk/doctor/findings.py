"""What a check is given, and what it says."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import or_
from pathlib import Path
from typing import Literal

from mertk.contracts import Clip
from mertk.doctor.opening import Opened
from mertk.doctor.reading import Media

Severity = Literal["severe", "warning", "note"]
SEVERITIES: Sequence[Severity] = ("severe", "warning", "note")


@dataclass(frozen=True)
class Examined:
    """A corpus that was opened and read.

    Args:
        corpus: Its clips and folds.
        media: What its media hold.
    """

    corpus: Opened
    media: Media = field(default_factory=Media)

    @cached_property
    def clips(self) -> Mapping[str, Clip]:
        """The clips by id."""
        return {clip.id: clip for clip in self.corpus.clips}

    @cached_property
    def trained(self) -> Mapping[str, int]:
        """For each clip the folds that train on it, one bit each."""
        return self._bits("train")

    @cached_property
    def tested(self) -> Mapping[str, int]:
        """For each clip the folds that test on it, one bit each."""
        return self._bits("test")

    def leaked(self, clips: Iterable[str], others: Iterable[str]) -> list[str]:
        """Those of `others` that some fold tests on while it trains on one of `clips`."""
        trained = reduce(or_, (self.trained[clip] for clip in clips), 0)
        return [clip for clip in others if self.tested[clip] & trained]

    def _bits(self, part: Literal["train", "test"]) -> Mapping[str, int]:
        bits = dict.fromkeys(self.clips, 0)
        for number, fold in enumerate(self.corpus.folds):
            for clip in getattr(fold, part) & bits.keys():
                bits[clip] |= 1 << number
        return bits


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Args:
        what: What, with the value.
        clips: The clips it concerns.
        paths: The files it concerns.
        exclude: Those of the clips that `dataset.exclude` had better name.
        severity: Where it is another than its check's.
    """

    what: str
    clips: Sequence[str] = ()
    paths: Sequence[Path] = ()
    exclude: Sequence[str] = ()
    severity: Severity | None = None


@dataclass(frozen=True)
class Check:
    """One class of fault.

    Args:
        name: Short, as in tables and lists.
        severity: severe: a run would stop, or its numbers be wrong; warning: to be looked at;
            note: good to know.
        means: What it means where something is found.
        way_out: What to do then.
        find: Finds the faults of this class.
    """

    name: str
    severity: Severity
    means: str
    way_out: str
    find: Callable[[Examined], Iterable[Finding]]


@dataclass(frozen=True)
class Diagnosis:
    """What one check found."""

    check: Check
    findings: Sequence[Finding]

    @property
    def severity(self) -> Severity:
        """The gravest of its findings'."""
        found = [self.severity_of(finding) for finding in self.findings]
        return min(found, key=SEVERITIES.index)

    def severity_of(self, finding: Finding) -> Severity:
        """How grave one of its findings is."""
        return finding.severity or self.check.severity

    @property
    def count(self) -> int:
        """How many clips it concerns; how many files, or findings, where it concerns none."""
        for several in ("clips", "paths"):
            if named := {n for finding in self.findings for n in getattr(finding, several)}:
                return len(named)
        return len(self.findings)
