"""Which conditions a recipe can be put under, and the reason why not under the others."""

from pathlib import Path

import pytest

from mertk.contracts import Clip, MediaRef
from mertk.errors import MertkError
from mertk.robustness.choice import choose, refuse_unknown

HALF = (0.0, 0.0, 0.5, 1.0)


def clips(crop=None, text: str | None = "kids are talking by the door") -> list[Clip]:
    media = {"audio": MediaRef(Path("a.wav")), "video": MediaRef(Path("a.avi"), crop=crop)}
    return [Clip("a", {"emotion": "sad"}, "F1", media=media, text=text)]


def chosen(modalities, of, *names: str) -> tuple[list[str], dict[str, str]]:
    fit, unfit = choose(modalities, of, names)
    return [c.name for c in fit], {u.name: u.reason for u in unfit}


def test_a_recipe_that_reads_everything_is_put_under_everything() -> None:
    fit, unfit = chosen({"a": "audio", "v": "video", "t": "text"}, clips(HALF))
    assert not unfit
    assert {"noise", "blur", "side", "shift", "words", "missing", "without audio+text"} <= {*fit}


def test_what_is_looked_up_has_no_media_to_alter() -> None:
    fit, unfit = chosen({"audio": "audio", "video": "features"}, clips())
    assert fit == ["noise", "clipping", "band", "without audio", "without video", "missing"]
    told = "not applicable (features): no encoder reads pictures; video is looked up"
    assert {unfit[name] for name in ("drop", "black", "blur", "side", "shift")} == {told}
    assert unfit["words"] == unfit["letters"] == "no encoder reads words"


def test_without_any_media_only_absence_applies() -> None:
    fit, unfit = chosen({"voice": "features", "face": "features"}, clips())
    assert fit == ["without voice", "without face", "missing"]
    assert unfit["noise"] == (
        "not applicable (features): no encoder reads sound; voice, face are looked up"
    )


def test_one_modality_alone_cannot_be_missing() -> None:
    _, unfit = chosen({"a": "audio", "b": "audio"}, clips())
    assert unfit["missing"] == unfit["without"] == "there is nothing but audio"


@pytest.mark.parametrize(
    ("of", "name", "reason"),
    [
        (clips(), "side", "no clip shows one side of a picture"),
        (clips((0.25, 0.0, 0.75, 1.0)), "side", "no clip shows one side of a picture"),
        (clips(text=None), "letters", "no clip has words"),
        (clips(text="yes"), "words", "no clip has several words"),
        ([Clip("a", {}, "F1", text="yes")], "noise", "no clip has sound"),
        ([Clip("a", {}, "F1", text="yes")], "drop", "no clip has pictures"),
    ],
)
def test_what_changes_no_clip_is_told_with_its_reason(of, name: str, reason: str) -> None:
    fit, unfit = chosen({"a": "audio", "v": "video", "t": "text"}, of, name)
    assert fit == []
    assert unfit == {name: reason}


def test_a_first_word_chooses(capsys) -> None:
    fit, unfit = chosen({"a": "audio", "v": "video"}, clips(), "without", "band")
    assert (fit, unfit) == (["band", "without audio", "without video"], {})


def test_a_name_that_there_is_not_is_refused_with_the_nearest() -> None:
    with pytest.raises(MertkError, match="no condition 'nois'; did you mean 'noise'"):
        refuse_unknown(["nois"])
