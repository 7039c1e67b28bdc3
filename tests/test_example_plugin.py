"""A third party's plugin in fewer than 60 lines passes the same kits as what mertk ships."""

import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from mertk.registry import collect
from mertk.testing import FusionTests, TaskTests

HERE = Path(__file__).parent / "example_plugin"


@pytest.fixture(scope="module", autouse=True)
def _forget_the_path():
    yield
    sys.path.remove(str(HERE))


sys.path.insert(0, str(HERE))  # so that it need not be installed to be tested
import mertk_example  # noqa: E402


class TestGatedSum(FusionTests):
    component = mertk_example.GatedSum


class TestAgreement(TaskTests):
    component = mertk_example.Agreement
    dims = {"audio": 8, "video": 8}  # noqa: RUF012


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
