"""Conformance of a dataset: what the core and every reader of its numbers rely on."""

import inspect
import math
import pickle
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from mertk.contracts import Card, Clip, DatasetSource, Fold, MediaRef
from mertk.published import Count, Counted, Knowing, Tolerant
from mertk.target import target_of
from mertk.testing._kit import Kit

# Ids and fold names become parts of file names and of comma-separated command line values.
_SAFE_ID = re.compile(r"[^\x00-\x1f/\\.\s][^\x00-\x1f/\\]{0,199}")
_SAFE_NAME = re.compile(r"[^\x00-\x1f/\\.,\s-][^\x00-\x1f/\\,]{0,99}")


class DatasetTests(Kit):
    """Tests that a dataset must pass.

    Give a corpus that is complete in small where the real one cannot travel with the tests: every
    class must occur and every fold must have clips on both sides.

    Attributes:
        shared_speakers: True where the corpus is published with speakers on both sides of a fold,
            or without speakers; recipes then have to say `dataset.shared_speakers: allow`.
    """

    shared_speakers: ClassVar[bool] = False

    @pytest.fixture
    def dataset(self, make: Callable[..., DatasetSource]) -> DatasetSource:
        """The dataset under test."""
        return make()

    @pytest.fixture
    def clips(self, dataset: DatasetSource) -> Sequence[Clip]:
        """Its clips."""
        return dataset.clips()

    @pytest.fixture
    def folds(self, dataset: DatasetSource) -> Sequence[Fold]:
        """Its folds."""
        return dataset.folds()

    def test_it_has_what_a_dataset_has(self, dataset: DatasetSource) -> None:
        """It offers `card`, `clips` and `folds`."""
        assert isinstance(dataset, DatasetSource)
        assert isinstance(dataset.card, Card)

    def test_card_is_complete(self, dataset: DatasetSource) -> None:
        """A reader of a table must learn what the corpus is and how to get it."""
        silent = [
            name
            for name in ("title", "licence", "citation", "how_to_get")
            if not getattr(dataset.card, name).strip()
        ]
        assert not silent, f"card: nothing is said about {', '.join(silent)}"

    def test_classes_are_distinct(self, dataset: DatasetSource) -> None:
        """The class indices stand for at least two different emotions.

        One dimension is enough, or one label.
        """
        classes = dataset.card.classes
        assert isinstance(classes, tuple)
        assert len(classes) >= (2 if dataset.card.target == "classes" else 1)
        assert not repeated(classes), f"card.classes: twice {repeated(classes)}"

    def test_what_is_predicted_is_known_without_opening_the_corpus(
        self, dataset: DatasetSource, arguments: Mapping[str, Any]
    ) -> None:
        """The argument or attribute `target` says what the card says: recipes are checked by it."""
        parameters = inspect.signature(self.component).parameters
        said = getattr(self.component, "target", "classes")
        if "target" in parameters:
            said = arguments.get("target", parameters["target"].default)
        assert dataset.card.target == said
        assert target_of(dataset.card).kind == said

    def test_ids_are_unique_and_safe_in_file_names(self, clips: Sequence[Clip]) -> None:
        """An id names one clip, in results and on disk."""
        _check_names("ids", [clip.id for clip in clips], _SAFE_ID)

    def test_every_label_is_a_class_and_every_class_occurs(
        self, dataset: DatasetSource, clips: Sequence[Clip]
    ) -> None:
        """`labels['emotion']` is one of `card.classes`, and none of them is empty.

        Where dimensions or labels are predicted, each clip has a number for one of them at least;
        each dimension is rated and each label occurs.
        """
        target = target_of(dataset.card)
        wrong = [f"{clip.id}: {fault}" for clip in clips if (fault := target.fault(clip))]
        assert not wrong, f"labels that are none: {wrong[:5]}"
        found = frozenset[str]().union(*(target.examples(clip) for clip in clips))
        classes = set(dataset.card.classes)
        assert classes <= found, f"classes without a clip: {sorted(classes - found)}"

    def test_clips_are_made_of_plain_values(self, clips: Sequence[Clip]) -> None:
        """They can be sent to other processes and written into results."""
        for clip in clips:
            assert isinstance(clip.speaker, str)
            assert all(isinstance(v, str | float) for v in clip.labels.values()), clip
            # NaN equals nothing, itself included: leave out what nobody rated.
            assert not any(v != v for v in clip.labels.values()), f"{clip.id}: a label is NaN"
            assert all(isinstance(v, str) for v in clip.group.values()), clip
            assert clip.text is None or clip.text.strip(), f"{clip.id}: text is blank, not None"
        assert pickle.loads(pickle.dumps(list(clips))) == list(clips)

    def test_media_lie_where_a_reader_can_cut_them(self, clips: Sequence[Clip]) -> None:
        """Times are ordered, crops lie inside the picture."""
        wrong = [
            f"{clip.id}: {modality}: {fault}"
            for clip in clips
            for modality, ref in clip.media.items()
            for fault in _ref_faults(ref)
        ]
        assert not wrong, "\n".join(wrong[:10])

    def test_two_constructions_say_the_same(self, make: Callable[..., DatasetSource]) -> None:
        """Seeds repeat a run only where clips and folds come in the same order."""
        one, other = make(), make()
        assert list(one.clips()) == list(other.clips())
        assert list(one.clips()) == list(one.clips())
        assert list(one.folds()) == list(other.folds())
        assert one.card == other.card

    def test_what_it_offers_the_doctor_can_be_used(
        self, dataset: DatasetSource, clips: Sequence[Clip]
    ) -> None:
        """`counts`, `knows` and `tolerant`, where it has them, are as `mertk.published` says."""
        for count in dataset.counts() if isinstance(dataset, Counted) else ():
            assert isinstance(count, Count)
            assert count.what.strip()
            assert count.published >= 0
            assert count.found >= 0
        if isinstance(dataset, Knowing):
            assert dataset.knows(Path("no_corpus_has_such_a.file")) is False
            refs = [ref for clip in clips[:50] for ref in clip.media.values()]
            assert all(dataset.knows(ref.path) in (True, False) for ref in refs)
        lenient = dataset.tolerant if isinstance(dataset, Tolerant) else {}
        unknown = set(lenient) - set(inspect.signature(type(dataset)).parameters)
        assert not unknown, f"tolerant: no arguments of the constructor: {sorted(unknown)}"

    def test_fold_names_are_unique_and_short(self, folds: Sequence[Fold]) -> None:
        """`--folds` and results name them."""
        _check_names("fold names", [fold.name for fold in folds], _SAFE_NAME)

    def test_folds_train_and_test_on_known_different_clips(
        self, clips: Sequence[Clip], folds: Sequence[Fold]
    ) -> None:
        """Train, valid and test are disjoint, train and test hold clips, no id is unknown."""
        ids = {clip.id for clip in clips}
        for fold in folds:
            parts = {"train": fold.train, "valid": fold.valid, "test": fold.test}
            assert fold.train, f"{fold.name}: nothing to train on"
            assert fold.test, f"{fold.name}: nothing to score"
            stray = frozenset.union(*parts.values()) - ids
            assert not stray, f"{fold.name}: ids of no clip: {sorted(stray)[:5]}"
            twice = repeated(i for part in parts.values() for i in part)
            assert not twice, f"{fold.name}: ids in two parts: {twice}"

    def test_no_speaker_stands_on_both_sides(
        self, clips: Sequence[Clip], folds: Sequence[Fold]
    ) -> None:
        """Scores are of unheard speakers, unless the corpus is published otherwise."""
        if self.shared_speakers:
            return
        speaker = {clip.id: clip.speaker for clip in clips}
        for fold in folds:
            heard = {speaker[i] for i in fold.train | fold.valid}
            both = heard & {speaker[i] for i in fold.test}
            assert not both, f"{fold.name}: speakers on both sides: {sorted(both)[:5]}"

    def test_no_clip_is_scored_twice(self, folds: Sequence[Fold]) -> None:
        """The folds' predictions can be pooled: their test parts do not overlap."""
        twice = repeated(i for fold in folds for i in fold.test)
        assert not twice, f"clips in the test part of two folds: {twice}"


def repeated(values: Iterable[Any], show: int = 5) -> list[Any]:
    """The first few values that stand more than once."""
    return [value for value, count in Counter(values).items() if count > 1][:show]


def _check_names(what: str, names: Sequence[str], safe: re.Pattern[str]) -> None:
    assert names, f"no {what}"
    assert not repeated(names), f"{what} that stand twice: {repeated(names)}"
    unsafe = [name for name in names if not safe.fullmatch(name)]
    assert not unsafe, f"{what} that no file can be called: {unsafe[:5]}"


def _ref_faults(ref: MediaRef) -> Iterable[str]:
    path: object = ref.path
    if not isinstance(path, Path):
        yield f"path is a {type(path).__name__}, not a pathlib.Path"
    if not (math.isfinite(ref.start) and ref.start >= 0):
        yield f"start is no time ({ref.start})"
    if ref.end is not None and not (math.isfinite(ref.end) and ref.end > ref.start):
        yield f"end is not after start ({ref.start}-{ref.end})"
    if ref.crop is not None:
        left, top, right, bottom = ref.crop
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            yield f"crop is no part of the picture ({ref.crop})"
