"""Open the dataset of a recipe: its clips and folds, checked, without what is left out."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from typing import Any

from mertk.contracts import Fold
from mertk.errors import CorpusError, did_you_mean
from mertk.fits import target_named
from mertk.plan import Corpus, choose_folds
from mertk.recipe import Select
from mertk.resolved import Resolved, ResolvedDataset
from mertk.split import check_folds


def open_corpus(resolved: Resolved | ResolvedDataset, names: Sequence[str] = ()) -> Corpus:
    """Read the corpus of a recipe, or a dataset alone.

    Args:
        resolved: The recipe, or the dataset.
        names: Names of the folds to run; all where none is named.

    Raises:
        CorpusError: It is missing, its folds leak, or a class has no clip.
        MertkError: There is no fold of that name.
    """
    dataset = resolved if isinstance(resolved, ResolvedDataset) else resolved.dataset
    spec, source = dataset.spec, dataset.build()
    clips, folds = tuple(source.clips()), tuple(source.folds())
    _check_names([c.id for c in clips], "clip", "ids")
    _check_names([f.name for f in folds], "fold", "names")
    known = Counter(c.id for c in clips)
    for name in spec.exclude:
        if name not in known:
            hint = did_you_mean(name, known)
            raise CorpusError(f"dataset.exclude: there is no clip {name!r}{hint}")
    corpus = Corpus(source.card, clips, choose_folds(folds, names), {}, folds)
    if corpus.target.kind != (said := target_named(dataset.part, spec.arguments)):
        raise CorpusError(
            f"dataset: its card's target is {corpus.target.kind!r}, but its argument or attribute "
            f"`target` says {said!r}; its author must mend it"
        )
    _check_labels(corpus)
    _check_texts(corpus)
    check_folds(corpus.clips, corpus.folds, shared_speakers=spec.shared_speakers == "allow")
    return leave_out(corpus, dict.fromkeys(spec.exclude, "dataset.exclude"))


def leave_out(corpus: Corpus, clips: Mapping[str, str]) -> Corpus:
    """The corpus without some clips, in all folds.

    Args:
        corpus: The corpus.
        clips: Clip id -> why it is left out.

    Raises:
        CorpusError: A class is left without a training clip, or a fold without a test clip.
    """
    gone = set(clips)
    left = Corpus(
        card=corpus.card,
        clips=tuple(c for c in corpus.clips if c.id not in gone),
        folds=_without(corpus.folds, gone),
        left_out={**corpus.left_out, **clips},
        every_fold=_without(corpus.every_fold, gone),
    )
    _check_classes(left)
    return left


def as_scored(corpus: Corpus, dataset: str, rule: Select, facts: Mapping[str, Any]) -> Corpus:
    """The corpus without what a trial left out, seen to be the one that the trial was scored on.

    Args:
        corpus: Every clip of it, those that the recipe excludes included: its list may be younger.
        dataset: What the recipe calls it.
        rule: What picks the epoch.
        facts: The trial's.

    Raises:
        CorpusError: Its clips, labels or folds are others now.
    """
    left = leave_out(corpus, facts["corpus"]["left_out"])
    now = left.protocol(dataset, rule)
    if now != facts["protocol"]:
        raise CorpusError(
            f"was scored under the protocol {facts['protocol']}, and the corpus is now {now}: "
            "other clips, labels or folds; say where the same corpus lies with "
            "--set dataset.root=DIR, or run the recipe again"
        )
    return left


def _without(folds: Sequence[Fold], gone: Set[str]) -> tuple[Fold, ...]:
    return tuple(Fold(f.name, f.train - gone, f.test - gone, f.valid - gone) for f in folds)


def _check_names(names: Sequence[str], what: str, plural: str) -> None:
    """Refuse no name at all, one that stands twice, and one that cannot be written to a file."""
    if not names:
        raise CorpusError(f"dataset: it has no {what}")
    for name in names:
        if not _is_unicode(name):
            raise CorpusError(f"dataset: {what} {plural} must be plain text (got {name!r})")
    twice = [n for n, count in Counter(names).items() if count > 1]
    if twice:
        which = f"{what} {plural[:-1]}"
        raise CorpusError(f"dataset: the {which} {twice[0]!r} stands {names.count(twice[0])} times")


def _is_unicode(text: object) -> bool:
    """Whether it is a text that can be written to a file."""
    if not isinstance(text, str):
        return False
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def _check_texts(corpus: Corpus) -> None:
    """Refuse, before anything is trained, what could not be kept beside the predictions."""
    card = corpus.card
    told = [("card", text) for text in (card.title, card.licence, card.corpus, *card.classes)]
    for clip in corpus.clips:
        texts = (clip.speaker, *clip.group.keys(), *clip.group.values())
        told += [(f"clip {clip.id!r}", text) for text in texts]
    for where, text in told:
        if not _is_unicode(text):
            raise CorpusError(f"dataset: {where}: expected plain text (got {text!r})")


def _check_labels(corpus: Corpus) -> None:
    classes = list(corpus.card.classes)
    if not all(isinstance(name, str) for name in classes) or len(set(classes)) < len(classes):
        raise CorpusError(f"dataset: its classes must be different plain texts (got {classes!r})")
    for clip in corpus.clips:
        if fault := corpus.target.fault(clip):
            raise CorpusError(f"dataset: clip {clip.id!r} {fault}")


def _check_classes(corpus: Corpus) -> None:
    faults = []
    for fold in corpus.folds:
        train = [clip for clip in corpus.clips if clip.id in fold.train]
        faults += [f"{fold.name}: {fault}" for fault in corpus.target.unlearnable(train)]
        faults += [] if fold.test else [f"{fold.name}: there is no test clip"]
    if faults:
        told = f"dataset: a {corpus.target.noun} cannot be learned, or a fold not be scored:"
        raise CorpusError("\n  ".join([told, *faults]))
