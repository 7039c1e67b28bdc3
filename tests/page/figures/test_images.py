"""Matrices and attention: the pixels are the numbers, the text their means."""

import base64
import io
import re

import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image

from mertk.page.figures import Picture, attention, matrix
from tests.page.figures.reading import marked, texts, written

CLASSES = ["angry", "happy"]
VALUES = np.array([[1, 0.5, 0, 0], [0.5, 1, 0, 0], [0, 0, 1, 0.7], [0, 0, 0.7, 1]], np.float32)


def pixels(picture: Picture) -> np.ndarray:
    """[R, C, 4] of the first image."""
    data = re.search(r"data:image/png;base64,\s*([^\"]*)", picture.svg)[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA"))


def test_each_pair_is_one_pixel_whose_colour_is_its_number() -> None:
    found = pixels(matrix(VALUES, [0, 0, 1, 1], CLASSES, limits=(-1, 1)))
    expected = colormaps["cividis"]((VALUES + 1) / 2, bytes=True)
    assert np.abs(found.astype(int) - expected).max() <= 2


def test_a_matrix_tells_means_within_and_between_classes() -> None:
    picture = matrix(VALUES, [0, 0, 1, 1], CLASSES, label="cosine")
    assert picture.alt == (
        "Matrix: cosine of 4 by 4 clips of 2 classes; mean of a clip with itself 1.000; mean with "
        "another clip of its class 0.600; mean with a clip of another class 0.000."
    )
    assert written(picture, "name") == CLASSES


def test_a_hole_is_seen_through_and_counted() -> None:
    holed = VALUES.copy()
    holed[0, 1] = np.nan
    picture = matrix(holed, [0, 0, 1, 1], CLASSES)
    assert (pixels(picture)[..., 3] == 0).sum() == 1
    assert "1 pair without a number" in picture.alt


def test_one_class_and_one_clip_are_drawn() -> None:
    assert "all clips are happy" in matrix(VALUES, [1] * 4, CLASSES).alt
    assert "1.000" in matrix(np.ones((1, 1)), [0], CLASSES).alt


def test_names_of_thin_classes_do_not_overlap() -> None:
    names = [f"class {i}" for i in range(12)]
    picture = matrix(np.eye(60), [*range(11), *[11] * 49], names)
    ys = sorted(
        float(t.attrib["y"]) for g in marked(picture, "name") for t in g.iter() if "y" in t.attrib
    )
    assert len(ys) == 12
    assert min(np.diff(ys)) >= 11.9
    assert ys[0] > 0


@pytest.mark.parametrize(
    ("values", "labels", "found"),
    [
        (VALUES, [0, 1, 0, 1], "side by side"),
        (VALUES, [0, 0], "does not fit"),
        (np.full((2, 2), np.nan), [0, 1], "nothing to draw"),
        (np.empty((0, 0)), [], "nothing to draw"),
    ],
)
def test_what_is_no_matrix_of_clips_is_refused(
    values: np.ndarray, labels: list[int], found: str
) -> None:
    with pytest.raises(ValueError, match=found):
        matrix(values, labels, CLASSES)


def test_attention_has_the_one_that_looks_downwards() -> None:
    weights = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]])
    picture = attention(weights, stream="audio", other="video", seconds=(2.0, 3.0))
    assert pixels(picture).shape == (2, 3, 4)
    assert written(picture, "axis") == ["audio, seconds, downwards", "video, seconds"]
    assert picture.alt == (
        "Attention of audio (2 steps) to video (3 steps): most goes to step 2 of 3 (1.00 to "
        "2.00 s), on average 0.5 where even attention would give 0.333; weights from 0.1 to 0.8."
    )


@pytest.mark.parametrize(
    ("shape", "along"),
    [((1, 5), "video, steps"), ((5, 1), "audio, steps"), ((1, 1), "video, steps")],
)
def test_a_single_step_is_a_line_over_the_other_stream(shape: tuple[int, int], along: str) -> None:
    picture = attention(np.full(shape, 0.2), stream="audio", other="video")
    assert "<image" not in picture.svg
    assert written(picture, "axis") == [along]
    assert len(marked(picture, "weights")) == 1


def test_even_attention_and_missing_weights_are_drawn() -> None:
    weights = np.full((3, 4), 0.25)
    weights[1] = np.nan
    assert "0.25" in attention(weights, stream="audio", other="video").alt


@pytest.mark.parametrize("weights", [np.empty((0, 4)), np.full((2, 2), np.nan), np.zeros(3)])
def test_no_weight_is_refused(weights: np.ndarray) -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        attention(weights, stream="audio", other="video")


def test_limits_are_written_below_the_scale() -> None:
    assert {"−1", "1"} <= set(texts(matrix(VALUES, [0, 0, 1, 1], CLASSES, limits=(-1, 1))))
