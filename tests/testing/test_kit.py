"""The kits themselves: a broken component fails them, and their tests cannot be bent."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import mertk.testing
from mertk.contracts import Card, Clip, Fold, MediaRef, Pretraining
from mertk.published import Count
from mertk.testing import DatasetTests, EncoderTests
from tests.testing import broken

CARD = Card(
    title="A corpus of four clips",
    classes=("calm", "angry"),
    licence="CC0",
    citation="none",
    how_to_get="It is made in the test.",
)
CLIPS = tuple(
    Clip(
        f"clip{n}",
        {"emotion": ("calm", "angry")[n % 2]},
        f"speaker{n // 2}",
        media={"audio": MediaRef(Path("all.wav"), float(n), n + 1.0)},
    )
    for n in range(4)
)
FOLDS = (
    Fold("one", frozenset({"clip0", "clip1"}), frozenset({"clip2", "clip3"})),
    Fold("two", frozenset({"clip2", "clip3"}), frozenset({"clip0", "clip1"})),
)


class Sound:
    """A dataset that keeps every rule.

    Args:
        size: How many of the clips it has.
    """

    def __init__(self, size: int = 4) -> None:
        self.size = size
        self.card = CARD

    def clips(self) -> Sequence[Clip]:
        return CLIPS[: self.size]

    def folds(self) -> Sequence[Fold]:
        return FOLDS


class TestSound(DatasetTests):
    component = Sound


class WithoutFolds:
    card = CARD

    def clips(self) -> Sequence[Clip]:
        return CLIPS


class Undocumented(Sound):
    """A dataset."""


class Untyped(Sound):
    """A dataset.

    Args:
        size: How many of the clips it has.
    """

    def __init__(self, size=4) -> None:
        super().__init__(size)


class Forgetful(Sound):
    calls = 0

    def clips(self) -> Sequence[Clip]:
        type(self).calls += 1
        return CLIPS[:: 1 if self.calls % 2 else -1]


def with_card(**changes: object) -> type[Sound]:
    class Broken(Sound):
        def __init__(self) -> None:
            super().__init__()
            self.card = replace(CARD, **changes)

    return Broken


def with_clip(**changes: object) -> type[Sound]:
    class Broken(Sound):
        def clips(self) -> Sequence[Clip]:
            return (replace(CLIPS[0], **changes), *CLIPS[1:])

    return Broken


def with_media(**changes: object) -> type[Sound]:
    return with_clip(media={"audio": replace(CLIPS[0].media["audio"], **changes)})


def with_folds(*folds: Fold) -> type[Sound]:
    class Broken(Sound):
        def folds(self) -> Sequence[Fold]:
            return folds

    return Broken


class Miscounted(Sound):
    def counts(self) -> Sequence[Count]:
        return [Count("clips", 4, -1)]


class AllKnowing(Sound):
    def knows(self, path: Path) -> bool:
        return True


class Intolerant(Sound):
    tolerant = {"partial": True}


def ids(*numbers: int) -> frozenset[str]:
    return frozenset(f"clip{n}" for n in numbers)


BROKEN = {
    "test_it_has_what_a_dataset_has": WithoutFolds,
    "test_card_is_complete": with_card(licence=" "),
    "test_classes_are_distinct": with_card(classes=("calm", "calm")),
    "test_what_is_predicted_is_known_without_opening_the_corpus": with_card(target="dimensions"),
    "test_ids_are_unique_and_safe_in_file_names": with_clip(id="clip1"),
    "test_every_label_is_a_class_and_every_class_occurs": with_clip(labels={"emotion": "bored"}),
    "test_clips_are_made_of_plain_values": with_clip(text=" "),
    "test_media_lie_where_a_reader_can_cut_them": with_media(start=2.0),
    "test_two_constructions_say_the_same": Forgetful,
    "test_what_it_offers_the_doctor_can_be_used": Miscounted,
    "test_fold_names_are_unique_and_short": with_folds(FOLDS[0], FOLDS[0]),
    "test_folds_train_and_test_on_known_different_clips": with_folds(
        Fold("one", ids(0, 1, 2), ids(2, 3))
    ),
    "test_no_speaker_stands_on_both_sides": with_folds(Fold("one", ids(0), ids(1, 2, 3))),
    "test_no_clip_is_scored_twice": with_folds(*FOLDS, Fold("three", ids(0, 1), ids(2, 3))),
    "test_every_argument_is_documented": Undocumented,
    "test_every_argument_says_its_type": Untyped,
}
UNUSED = "test_what_it_calls_unused_are_arguments_each_with_a_reason"
PRETRAINING = "test_what_it_was_pretrained_on_is_said_in_names"
MORE_BROKEN = [
    ("test_ids_are_unique_and_safe_in_file_names", with_clip(id="../clip")),
    ("test_ids_are_unique_and_safe_in_file_names", with_clip(id="clip\n0")),
    (
        "test_every_label_is_a_class_and_every_class_occurs",
        with_card(classes=("calm", "angry", "sad")),
    ),
    ("test_classes_are_distinct", with_card(classes=("calm",))),
    ("test_clips_are_made_of_plain_values", with_clip(group={"session": 1})),
    (
        "test_clips_are_made_of_plain_values",
        with_clip(labels={"emotion": "calm", "valence": float("nan")}),
    ),
    ("test_media_lie_where_a_reader_can_cut_them", with_media(path="all.wav")),
    ("test_media_lie_where_a_reader_can_cut_them", with_media(crop=(0.5, 0.0, 0.5, 1.0))),
    ("test_media_lie_where_a_reader_can_cut_them", with_media(start=float("nan"))),
    ("test_what_it_offers_the_doctor_can_be_used", AllKnowing),
    ("test_what_it_offers_the_doctor_can_be_used", Intolerant),
    ("test_fold_names_are_unique_and_short", with_folds(replace(FOLDS[0], name="a,b"))),
    ("test_folds_train_and_test_on_known_different_clips", with_folds(Fold("one", ids(0), ids(9)))),
    ("test_folds_train_and_test_on_known_different_clips", with_folds(Fold("one", ids(), ids(0)))),
    ("test_no_speaker_stands_on_both_sides", with_folds(Fold("one", ids(0), ids(2), ids(3)))),
]


def run(test: str, component: type) -> None:
    source = component()
    folds = source.folds() if hasattr(source, "folds") else ()
    broken.run(DatasetTests, component, test, dataset=source, clips=source.clips(), folds=folds)


def test_every_test_of_the_dataset_kit_is_failed_by_some_dataset_below() -> None:
    tests = {name for name in dir(DatasetTests) if name.startswith("test_")}
    assert set(BROKEN) == tests - {UNUSED, PRETRAINING}  # whose words are tested below


@pytest.mark.parametrize(("test", "component"), [*BROKEN.items(), *MORE_BROKEN])
def test_a_broken_dataset_fails_the_test_of_what_is_broken(test: str, component: type) -> None:
    with pytest.raises(AssertionError):
        run(test, component)


def test_a_test_of_a_kit_cannot_be_replaced() -> None:
    with pytest.raises(TypeError, match=r"TestMine\.test_card_is_complete: overrides a test of Da"):

        class TestMine(DatasetTests):
            def test_card_is_complete(self) -> None: ...


def test_a_test_of_a_kit_cannot_be_removed() -> None:
    with pytest.raises(TypeError, match="overrides a test of Kit"):
        type("TestMine", (DatasetTests,), {"test_every_argument_is_documented": None})
    with pytest.raises(TypeError, match="overrides a test of PieceTests"):
        type("TestMine", (EncoderTests,), {"test_a_clip_can_be_encoded_in_parts": None})


def test_a_mixin_cannot_replace_a_test_either() -> None:
    class Mixin:
        def test_card_is_complete(self) -> None: ...

    with pytest.raises(TypeError, match="overrides"):
        type("TestMine", (Mixin, DatasetTests), {})


def test_a_skip_does_not_excuse_replacing_a_test() -> None:
    with pytest.raises(TypeError, match="overrides"):

        class TestMine(DatasetTests):
            @pytest.mark.skip(reason="too strict")
            def test_card_is_complete(self) -> None: ...


def test_an_xfail_without_a_reason_does_not_excuse_it() -> None:
    with pytest.raises(TypeError, match="reason"):

        class TestMine(DatasetTests):
            @pytest.mark.xfail
            def test_card_is_complete(self) -> None: ...


def test_an_xfail_with_a_reason_may_replace_a_test() -> None:
    class TestMine(DatasetTests):
        @pytest.mark.xfail(reason="the owner asked for no citation")
        def test_card_is_complete(self) -> None: ...

    assert TestMine.test_card_is_complete is not DatasetTests.test_card_is_complete


def test_tests_may_be_added() -> None:
    class TestMine(DatasetTests):
        def test_something_of_its_own(self) -> None: ...

    class TestBelow(TestMine):
        def test_something_of_its_own(self) -> None: ...

    assert TestBelow.test_something_of_its_own is not TestMine.test_something_of_its_own


def test_the_package_can_be_imported_without_pytest() -> None:
    program = "import mertk.testing, sys; assert 'pytest' not in sys.modules; dir(mertk.testing)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_all_kits_can_be_imported_by_name() -> None:
    for name in mertk.testing.__all__:
        assert getattr(mertk.testing, name).__name__ == name


def test_an_unknown_kit_is_named() -> None:
    with pytest.raises(AttributeError, match="no attribute 'DecoderTests'"):
        mertk.testing.DecoderTests  # noqa: B018


class Sure:
    """An encoder whose words about itself cannot be used.

    Args:
        layer: Which layer.
    """

    def __init__(self, layer: int = 1) -> None:
        self.layer = layer

    @classmethod
    def unused(cls, arguments, place):
        return {} if place["train"] else {"layers": "it is frozen"}

    @classmethod
    def pretraining(cls, arguments):
        return Pretraining(corpora="LibriSpeech")


def test_what_a_component_says_of_itself_before_it_is_built_is_tested() -> None:
    kit = mertk.testing.EncoderTests
    broken.run(kit, Sure, UNUSED, arguments={}, used=True)
    with pytest.raises(AssertionError, match="Sure: takes no layers"):
        broken.run(kit, Sure, UNUSED, arguments={}, used=False)
    with pytest.raises(AssertionError, match="a tuple of names"):
        broken.run(kit, Sure, PRETRAINING, arguments={})
