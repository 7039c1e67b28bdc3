"""openSMILE: the numbers of the package itself; without the package, how to get it."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mertk.encode import pad
from mertk.errors import PluginError
from mertk_plugins.encoders.opensmile import OpenSmile
from tests.plugins.encoders.files import RATE, chirp, sound_clip, sound_clips
from tests.plugins.encoders.kits import HearingTests

try:
    import opensmile
except ImportError:
    opensmile = None

needs_opensmile = pytest.mark.skipif(opensmile is None, reason="the extra opensmile is not there")


@needs_opensmile
class TestFunctionals(HearingTests):
    component = OpenSmile


@needs_opensmile
class TestDescriptors(HearingTests):
    component = OpenSmile
    given = {"level": "lld", "steps_per_second": 25.0}


@needs_opensmile
@pytest.mark.parametrize(
    ("feature_set", "level", "dim"),
    [
        ("eGeMAPSv02", "functionals", 88),
        ("eGeMAPSv02", "lld", 25),
        ("GeMAPSv01b", "functionals", 62),
        ("ComParE_2016", "lld", 65),
        ("emobase", "functionals", 988),
    ],
)
def test_features_are_those_of_the_package(feature_set, level, dim, tmp_path):
    samples = chirp(0.8)
    levels = {"functionals": "Functionals", "lld": "LowLevelDescriptors"}
    smile = opensmile.Smile(
        opensmile.FeatureSet[feature_set], opensmile.FeatureLevel[levels[level]]
    )
    expected = smile.process_signal(samples, RATE).to_numpy()
    encoder = OpenSmile(feature_set, level)
    loaded = encoder.load(sound_clip(tmp_path, "clip", samples))
    assert encoder.dim == dim
    assert loaded.shape == ((1, dim) if level == "functionals" else (len(expected), dim))
    np.testing.assert_array_equal(loaded, expected)


@needs_opensmile
def test_descriptors_come_about_a_hundred_times_per_second(tmp_path):
    loaded = OpenSmile(level="lld").load(sound_clip(tmp_path, "clip", chirp(2.0)))
    assert 190 <= len(loaded) <= 200
    encoder = OpenSmile(level="lld", steps_per_second=10)
    assert 19 <= encoder(pad([loaded])).mask.sum() <= 20


@needs_opensmile
def test_sound_of_one_sample_gives_numbers(tmp_path):
    clip = sound_clip(tmp_path, "short", np.array([0.5], np.float32))
    for level in ("functionals", "lld"):
        loaded = OpenSmile(level=level).load(clip)
        assert len(loaded)
        assert np.isfinite(loaded).all()


@needs_opensmile
def test_many_threads_at_once_give_the_same(tmp_path):
    clips = sound_clips(tmp_path, [0.3 + 0.1 * i for i in range(8)])
    encoder = OpenSmile()
    alone = [encoder.load(clip) for clip in clips]
    with ThreadPoolExecutor(8) as pool:
        for one, other in zip(alone, pool.map(encoder.load, clips), strict=True):
            np.testing.assert_array_equal(one, other)


def test_functionals_have_no_rate():
    with pytest.raises(ValueError, match=r"steps_per_second: functionals .*\(got 10\); .*level: l"):
        OpenSmile(steps_per_second=10.0)


def test_without_the_package_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "opensmile", None)
    with pytest.raises(PluginError, match=r"not installed .*; pip install 'mertk\[opensmile\]'"):
        OpenSmile()
