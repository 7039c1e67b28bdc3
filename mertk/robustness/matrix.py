"""Every trial of a run under every condition and level; only what is missing is computed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mertk.console import Screen
from mertk.contracts import Clip, Metric
from mertk.errors import MertkError
from mertk.keys import Key
from mertk.ragged import Ragged
from mertk.recipe import digest
from mertk.records import Record
from mertk.robustness.absence import grouped
from mertk.robustness.condition import VERSION, Condition
from mertk.robustness.features import Features, present, without
from mertk.robustness.kept import Level, finite, place_of, read_level, write_level
from mertk.robustness.reopen import Run
from mertk.robustness.revive import Revived, revived
from mertk.score import score

Json = Any


@dataclass
class Counts:
    """What a call came to: levels of trials that were computed, and that were there before."""

    computed: int = 0
    reused: int = 0


def fill_matrix(
    run: Run,
    conditions: Sequence[Condition],
    features: Features,
    screen: Screen,
) -> Counts:
    """Have every trial's model predict its test clips under every condition and level.

    Each level of each trial is kept as soon as it is finished.

    Raises:
        MertkError: A model does not say what it said when it was trained, or something cannot be
            read or written. What was finished before is kept.
    """
    metrics, counts = run.resolved.metrics(), Counts()
    total = len(run.records) * sum(len(c.levels) for c in conditions)
    with screen.bar("trials x levels", total) as advance:
        for record in run.records.values():
            trial = _Trial(run, record, features, metrics)
            with ExitStack() as stack:
                for done in trial.conduct(conditions, stack):
                    counts.computed += done
                    counts.reused += not done
                    advance(1)
    return counts


@dataclass
class _Trial:
    run: Run
    record: Record
    features: Features
    metrics: Mapping[str, Metric]
    plain: dict[str, Ragged] = field(default_factory=dict)
    plain_keys: Mapping[str, Sequence[Key]] = field(default_factory=dict)

    def conduct(self, conditions: Sequence[Condition], stack: ExitStack) -> Iterator[bool]:
        """Bring each level to a result; whether it had to be computed."""
        clips = self.run.clips(self.record)
        model: Revived | None = None
        for condition in conditions:
            for level in condition.levels:
                changed = [condition.alter(clip, level) for clip in clips]
                keys = self.features.keys(changed)
                key = self._key(condition, level, keys)
                if self._find(condition, level, key) is not None:
                    yield False
                    continue
                if model is None:
                    model = self._revived(clips, stack)
                streams = self._streams(condition, level, changed, keys)
                said = model.says(streams)
                self._refuse_nonsense(said, condition, level)
                self._keep(condition, level, key, said)
                yield True

    def _refuse_nonsense(
        self, said: NDArray[np.float32], condition: Condition, level: float
    ) -> None:
        """Scores that are no numbers would still have a largest one."""
        if not np.isfinite(said).all():
            raise MertkError(
                f"{self.record.folder}: the scores are not finite under "
                f"{condition.name} {condition.told(level)}".rstrip()
                + "; --conditions names those to be done, and can leave this one out"
            )

    def _key(self, condition: Condition, level: float, keys: Mapping[str, Sequence[Key]]) -> str:
        """Digest of all that causes what the model says: its own causes are the trial's."""
        causes = [VERSION, condition.name, level, self.features.digests(keys)]
        return digest([self.record.facts["key"], *causes])

    def _find(self, condition: Condition, level: float, key: str) -> Level | None:
        """What is kept of a level, scored by every metric that the recipe has now."""
        one = read_level(place_of(self.record, condition, level))
        if one is None or one.facts["key"] != key:
            return None
        if self.metrics.keys() <= one.facts["scores"].keys():
            return one
        return self._keep(condition, level, key, one.said())

    def _keep(
        self, condition: Condition, level: float, key: str, said: NDArray[np.float32]
    ) -> Level:
        labels, clean = self.record.predictions()
        facts = {
            "key": key,
            "clean": finite(score(self.metrics, labels, clean)),
            "scores": finite(score(self.metrics, labels, said)),
        }
        return write_level(self.record, condition, level, said, facts)

    def _revived(self, clips: Sequence[Clip], stack: ExitStack) -> Revived:
        self.plain_keys = self.features.keys(clips)
        self.plain = self.features.read(clips, self.plain_keys)
        resolved, device = self.run.resolved, self.features.device
        model = stack.enter_context(
            revived(self.record, resolved, self.features.sources, self.plain, device)
        )
        model.refuse_another(self.plain)
        return model

    def _streams(
        self,
        condition: Condition,
        level: float,
        clips: Sequence[Clip],
        keys: Mapping[str, Sequence[Key]],
    ) -> Mapping[str, Ragged]:
        groups = grouped(self.features.modalities)
        streams = self.features.read_altered(clips, keys, self.plain, self.plain_keys)
        there = present(streams, groups)
        lost = [condition.loses(c.id, h, level) for c, h in zip(clips, there, strict=True)]
        return without(streams, groups, lost) if any(lost) else streams
