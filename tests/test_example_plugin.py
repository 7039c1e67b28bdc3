"""A third party's plugin in fewer than 60 lines passes the same kits as what mertk ships."""

import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from mertk.contracts import Clip, MediaRef
from mertk.registry import collect
from mertk.testing import EncoderTests, FusionTests, TaskTests

HERE = Path(__file__).parent / "example_plugin"


@pytest.fixture(scope="module", autouse=True)
def _forget_the_path():
    yield
    sys.path.remove(str(HERE))


sys.path.insert(0, str(HERE))  # so that it need not be installed to be tested
import mertk_example  # noqa: E402


def clip_of(folder, sound):
    path = folder / f"{len(sound)}.wav"
    soundfile.write(path, sound, 16000, subtype="FLOAT")
    return Clip(path.stem, {"emotion": "sad"}, "s", media={"audio": MediaRef(path)})


class TestEnergy(EncoderTests):
    component = mertk_example.Energy

    @pytest.fixture
    def clips(self, tmp_path):
        generator = np.random.default_rng(0)
        return [clip_of(tmp_path, generator.normal(0, 0.1, n)) for n in (100, 4000, 16000)]


class TestGatedSum(FusionTests):
    component = mertk_example.GatedSum


class TestAgreement(TaskTests):
    component = mertk_example.Agreement
    dims = {"audio": 8, "video": 8}


def test_energy_is_the_log_of_the_mean_square_of_each_40_ms(tmp_path):
    quiet_then_loud = np.repeat(np.float32([0.1, 0.5]), [640, 1000])
    contour = mertk_example.Energy().load(clip_of(tmp_path, quiet_then_loud))
    expected = [0.1**2, 0.5**2, 0.5**2 * 360 / 640]
    assert np.allclose(contour[:, 0], np.log(np.array(expected) + 1e-6), atol=1e-4)


def test_it_has_fewer_than_60_lines():
    assert len(Path(mertk_example.__file__).read_text().splitlines()) < 60


def test_its_distribution_announces_the_module():
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["mertk"] == {"example": "mertk_example"}


def test_its_recipe_uses_all_it_announces_and_all_of_it_loads():
    registry = collect([("mertk-example 0.1.0", mertk_example)])
    announced = {
        entry.name: entry.load()
        for entries in registry.entries.values()
        for entry in entries.values()
    }
    assert set(announced) == {"energy", "gated_sum", "agreement"}
    recipe = yaml.safe_load((HERE / "recipe.yaml").read_text())
    parts = [*recipe["encoders"].values(), recipe["fusion"], *recipe["tasks"].values()]
    assert set(announced) <= {part["use"] for part in parts}
