"""`mertk baselines`: what a corpus gives away without its media, and what people reach on it."""

import argparse
from typing import Any

from mertk.amounts import number, spread
from mertk.baselines.measure import Skipped, Standing, measure
from mertk.check import resolve_dataset
from mertk.cli.answer import answer
from mertk.cli.beginning import begin
from mertk.console import Screen
from mertk.corpus import open_corpus
from mertk.plan import Corpus
from mertk.report import SYNTHETIC
from mertk.score import summary
from mertk.subject import dataset_draft

Json = Any


def baselines(arguments: argparse.Namespace) -> int:
    """Score every baseline that the corpus allows on its own folds."""
    screen, registry = begin()
    dataset = resolve_dataset(dataset_draft(arguments.dataset, arguments.set, registry), registry)
    corpus = open_corpus(dataset)
    standings, skipped = measure(corpus)
    if arguments.json:
        answer(_as_json(dataset.spec.use, corpus, standings, skipped))
    else:
        _show(screen, corpus, standings, skipped)
    return 0


def _as_json(
    use: str, corpus: Corpus, standings: list[Standing], skipped: list[Skipped]
) -> dict[str, Json]:
    return {
        "dataset": use,
        "title": corpus.card.title,
        "synthetic": corpus.card.synthetic,
        "target": corpus.target.kind,
        "classes": list(corpus.card.classes),
        "clips": len(corpus.clips),
        "folds": [fold.name for fold in corpus.folds],
        "left_out": dict(corpus.left_out),
        "baselines": [_standing(s) for s in standings],
        "skipped": [{"name": s.name, "reason": s.reason} for s in skipped],
    }


def _standing(this: Standing) -> dict[str, Json]:
    return {
        "name": this.name,
        "meaning": this.meaning,
        "people": this.people,
        "n": this.count,
        "known": this.known,
        "ua": this.pooled.ua,
        "wa": this.pooled.wa,
        "by_fold": {
            "ua": summary([f.ua for f in this.folds.values()]),
            "wa": summary([f.wa for f in this.folds.values()]),
        },
    }


def _show(
    screen: Screen, corpus: Corpus, standings: list[Standing], skipped: list[Skipped]
) -> None:
    rows = [
        [
            s.name,
            number(s.pooled.ua),
            number(s.pooled.wa),
            spread([f.ua for f in s.folds.values()]),
            spread([f.wa for f in s.folds.values()]),
            f"{s.known:.0%}",
            str(s.count),
        ]
        for s in standings
    ]
    screen.table(
        f"{corpus.card.title}: without media",
        ["baseline", "UA", "WA", "UA by fold", "WA by fold", "known", "n"],
        rows,
        _notes(corpus, standings, skipped),
    )


def _notes(corpus: Corpus, standings: list[Standing], skipped: list[Skipped]) -> list[str]:
    notes = [
        "UA: unweighted accuracy, mean recall over classes; WA: weighted accuracy, share of clips "
        f"that are right; pooled over {len(corpus.folds)} folds, and mean ± standard deviation by "
        "fold",
        "known: share of test clips with something to go by; the others are said to be of the most "
        "frequent class",
        *(f"{s.name}: {s.meaning}" for s in standings),
        *(f"skipped: {s.name}: {s.reason}" for s in skipped),
    ]
    if corpus.left_out:
        notes.append(f"left out of all folds: {len(corpus.left_out)} clips")
    if corpus.card.synthetic:
        notes.append(SYNTHETIC)
    return notes
