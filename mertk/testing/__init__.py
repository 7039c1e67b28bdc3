"""Conformance kits: subclass one in your tests and run them with pytest.

    from mertk.testing import EncoderTests
    from my_package import MyEncoder

    class TestMyEncoder(EncoderTests):
        component = MyEncoder

Needs pytest (and nothing else of the development tools).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mertk.testing.datasets import DatasetTests
    from mertk.testing.encoders import EncoderTests
    from mertk.testing.fusions import FusionTests
    from mertk.testing.metrics import MetricTests
    from mertk.testing.numbers import NumberMetricTests
    from mertk.testing.tasks import TaskTests

__all__ = [
    "DatasetTests",
    "EncoderTests",
    "FusionTests",
    "MetricTests",
    "NumberMetricTests",
    "TaskTests",
]

_HOMES = {
    "DatasetTests": "datasets",
    "EncoderTests": "encoders",
    "FusionTests": "fusions",
    "MetricTests": "metrics",
    "NumberMetricTests": "numbers",
    "TaskTests": "tasks",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, *globals()]
