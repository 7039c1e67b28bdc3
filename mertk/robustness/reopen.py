"""A finished run once more: its recipe, its corpus, and trials whose weights were kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mertk.check import resolve
from mertk.contracts import Clip
from mertk.corpus import as_scored, open_corpus
from mertk.draft import Draft
from mertk.errors import CorpusError, MertkError, did_you_mean
from mertk.plan import Corpus
from mertk.records import WEIGHTS, Kept, Record
from mertk.registry import Registry
from mertk.resolved import Resolved

Key = tuple[str, int]


@dataclass(frozen=True)
class Run:
    """A finished run whose models can predict again.

    Args:
        folder: `<results>/<recipe>/<fingerprint>`.
        resolved: The recipe that its trials were trained by.
        corpus: Every clip of it.
        records: The trials by (fold, seed).
    """

    folder: Path
    resolved: Resolved
    corpus: Corpus
    records: Mapping[Key, Record]

    def clips(self, record: Record) -> list[Clip]:
        """The test clips of a trial, in the order of its predictions."""
        by_id = {clip.id: clip for clip in self.corpus.clips}
        return [by_id[name] for name in record.clips]

    @property
    def scored(self) -> list[Clip]:
        """Every clip that is a test clip of some trial, in the corpus's order."""
        there = {name for record in self.records.values() for name in record.clips}
        return [clip for clip in self.corpus.clips if clip.id in there]


def reopen(
    kept: Kept,
    assignments: Sequence[str],
    registry: Registry,
    *,
    seeds: Sequence[int] = (),
    folds: Sequence[str] = (),
) -> Run:
    """Open a finished run.

    Args:
        kept: Its trials.
        assignments: `--set`s, such as where the corpus lies now.
        registry: The components.
        seeds: Only these; none means all.
        folds: Likewise.

    Raises:
        MertkError: Recipe or corpus are no longer those of the trials, or weights are not there.
    """
    source = str(kept.folder / "recipe.yaml")
    resolved = resolve(Draft(source, kept.folder, dict(kept.recipe)).set(assignments), registry)
    records = _chosen(kept, seeds, folds)
    _refuse_other_recipe(resolved, records)
    _refuse_weightless(resolved, records)
    corpus = open_corpus(resolved.dataset.but({"exclude": ()}))
    _refuse_other_clips(resolved, corpus, records)
    return Run(kept.folder, resolved, corpus, records)


def _chosen(kept: Kept, seeds: Sequence[int], folds: Sequence[str]) -> dict[Key, Record]:
    there_folds = list(dict.fromkeys(fold for fold, _ in kept.records))
    there_seeds = sorted({seed for _, seed in kept.records})
    for fold in folds:
        if fold not in there_folds:
            hint = did_you_mean(fold, there_folds)
            raise MertkError(f"--folds: no trial of a fold named {fold!r}{hint}")
    for seed in seeds:
        if seed not in there_seeds:
            told = ", ".join(map(str, there_seeds))
            raise MertkError(f"--seeds: no trial has the seed {seed}; there are: {told}")
    chosen = {
        (fold, seed): record
        for (fold, seed), record in kept.records.items()
        if (not folds or fold in folds) and (not seeds or seed in seeds)
    }
    if not chosen:
        raise MertkError("--folds, --seeds: no trial is of these folds and these seeds")
    return chosen


def _refuse_other_recipe(resolved: Resolved, records: Mapping[Key, Record]) -> None:
    for record in records.values():
        trained = record.facts["fingerprint"]
        if resolved.fingerprint != trained:
            raise MertkError(
                f"{resolved.source}: is now the recipe {resolved.fingerprint}, and the trials are "
                f"of {trained}; --set may only say where things lie (such as dataset.root=DIR), "
                "and the code of components from files must be what it was"
            )


def _refuse_weightless(resolved: Resolved, records: Mapping[Key, Record]) -> None:
    bare = [r.folder for r in records.values() if not (r.folder / WEIGHTS).is_file()]
    if bare:
        more = f" and {len(bare) - 1} more" if len(bare) > 1 else ""
        raise MertkError(
            f"{bare[0]}{more}: the trained weights were not kept ({WEIGHTS}); get them with "
            f"mertk run {resolved.recipe.name} --set train.keep_weights=true --redo, and what else "
            "was said to the run"
        )


def _refuse_other_clips(resolved: Resolved, corpus: Corpus, records: Mapping[Key, Record]) -> None:
    recipe = resolved.recipe
    for record in records.values():
        try:
            as_scored(corpus, recipe.dataset.use, recipe.train.select, record.facts)
        except CorpusError as error:
            raise MertkError(f"{record.folder}: {error}") from error
