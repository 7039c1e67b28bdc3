"""The kept trials of one variant, scored: a row of a table before it is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mertk.contamination import Declared
from mertk.contracts import Metric
from mertk.pooled import Key, pool
from mertk.records import PICKS, Record
from mertk.score import score
from mertk.stats import Interval, interval

Scored = Mapping[str, Mapping[Key, float]]


@dataclass(frozen=True)
class Row:
    """One variant.

    Args:
        variant: Its name.
        records: Its finished trials by (fold, seed).
        failed: How many trials failed.
        selected_on_test: Whether the test clips picked the epoch.
        measures: The metrics by name.
        picks: Per kept epoch (the selected one, the last, the one that the test clips would have
            picked), per metric, per (fold, seed), the score.
        intervals: Per metric, of the score pooled over the folds that every seed has finished;
            empty where there are none.
        uncovered: Trials that are in no interval, since some seed has not finished their fold.
        note: What a reader has to know.
        pretrained_on: What each encoder declared, by stream; empty in what earlier versions kept.
    """

    variant: str
    records: Mapping[Key, Record]
    failed: int
    selected_on_test: bool
    measures: Mapping[str, Metric]
    picks: Mapping[str, Scored]
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    uncovered: tuple[Key, ...] = ()
    note: str = ""
    pretrained_on: Declared = field(default_factory=dict)

    @property
    def corpus(self) -> str | None:
        """The name of the corpus that is tested on; None where nobody can have been trained on it.

        That is a generated one, or one that an earlier version has kept no name of.
        """
        found = [record.facts["corpus"] for record in self.records.values()]
        names = [c["name"] for c in found if "name" in c and not c.get("synthetic")]
        return names[-1] if names else None

    @property
    def protocols(self) -> list[str]:
        """Ids of the protocols of its trials, each once."""
        return list(dict.fromkeys(r.facts["protocol"] for r in self.records.values()))

    @property
    def absent(self) -> dict[str, list[str]]:
        """By fold, the classes without a test clip, over which no score can go; none of others."""
        found: dict[str, list[str]] = {}
        for (fold, _), record in self.records.items():
            labels, _ = record.predictions()
            there = set(labels.tolist()) if labels.ndim == 1 else None
            names = record.facts["corpus"]["classes"]
            if gone := [n for i, n in enumerate(names) if there is not None and i not in there]:
                found[fold] = gone
        return found

    @property
    def metrics(self) -> Scored:
        """The scores at the epoch that the recipe's rule picked."""
        return self.picks["selected"]

    def differences(self, reference: "Row", metric: str) -> list[float]:
        """This variant minus another, over the trials that both finished."""
        own, other = self.metrics[metric], reference.metrics[metric]
        return [own[trial] - other[trial] for trial in own if trial in other]


def row(
    variant: str,
    records: Mapping[Key, Record],
    metrics: Mapping[str, Metric],
    *,
    failed: int = 0,
    selected_on_test: bool,
    note: str = "",
    pretrained_on: Declared | None = None,
) -> Row:
    """Score the kept predictions of a variant's trials.

    Args:
        variant: Its name.
        records: Its finished trials.
        metrics: By name.
        failed: How many trials failed.
        selected_on_test: Whether the test clips picked the epoch.
        note: What a reader has to know.
        pretrained_on: What its encoders declare; None: what they declared when it was trained.
    """
    pooled = pool(records) if records else None
    return Row(
        variant=variant,
        records=records,
        failed=failed,
        selected_on_test=selected_on_test,
        measures=metrics,
        picks={pick: _scored(records, metrics, pick) for pick in PICKS},
        intervals={
            name: interval(metric, pooled.design, pooled.scores[0])
            for name, metric in metrics.items()
        }
        if pooled
        else {},
        uncovered=pooled.left_out if pooled else tuple(records),
        note=note,
        pretrained_on=_declared(records) if pretrained_on is None else pretrained_on,
    )


def _declared(records: Mapping[Key, Record]) -> Declared:
    told: dict[str, Mapping[str, object]] = {}
    for record in records.values():
        told |= record.facts["provenance"].get("pretrained_on", {})
    return told


def _scored(records: Mapping[Key, Record], metrics: Mapping[str, Metric], pick: str) -> Scored:
    by_trial = {key: score(metrics, *record.predictions(pick)) for key, record in records.items()}
    return {m: {key: scores[m] for key, scores in by_trial.items()} for m in metrics}
