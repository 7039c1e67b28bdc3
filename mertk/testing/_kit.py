"""What the five conformance kits share: how a component is given, and that no test is bent."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, get_type_hints

import pytest

from mertk.signature import meanings


class Kit:
    """Base of the conformance kits; a class right below it is a kit, one below that uses a kit.

    A user names the component and, where its constructor needs any, gives the arguments:

        class TestMyEncoder(EncoderTests):
            component = MyEncoder

            @pytest.fixture
            def arguments(self, tmp_path):
                return {"path": tmp_path / "table.npz"}

    Tests may be added but not replaced: a test of the kit that is overridden, or set to None,
    raises when the class is made, unless it is marked `@pytest.mark.xfail(reason=...)`.

    Attributes:
        component: The class under test.

    Raises:
        TypeError: A subclass overrides a test of its kit without saying why it must fail.
    """

    component: ClassVar[type[Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if Kit in cls.__bases__:
            return
        for kit in (k for k in cls.__mro__ if k is Kit or Kit in k.__bases__):
            for name in (n for n in vars(kit) if n.startswith("test_")):
                test = inspect.getattr_static(cls, name)
                if test is not vars(kit)[name] and not _expected_to_fail(test):
                    raise TypeError(
                        f"{cls.__qualname__}.{name}: overrides a test of {kit.__name__}; remove "
                        "it, or mark it @pytest.mark.xfail(reason='...') where the component "
                        "cannot pass"
                    )

    @pytest.fixture
    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments; override it where the defaults do not do."""
        return {}

    @pytest.fixture
    def make(self, arguments: dict[str, Any]) -> Callable[..., Any]:
        """Build the component anew; what the core supplies (`dims` ...) is given by keyword."""
        component: Callable[..., Any] = self.component
        return partial(component, **arguments)

    def test_every_argument_says_its_type(self) -> None:
        """Recipes are checked against the constructor's type hints, evaluated at run time."""
        hints = get_type_hints(self.component.__init__)
        bare = [name for name in constructor_arguments(self.component) if name not in hints]
        assert not bare, f"{self.component.__name__}: no type hint for {', '.join(bare)}"

    def test_every_argument_is_documented(self) -> None:
        """`mertk show` prints the `Args:` entries of the class docstring, or what a type says."""
        said = meanings(self.component)
        silent = [name for name in constructor_arguments(self.component) if not said.get(name)]
        assert not silent, f"{self.component.__name__}: no `Args:` entry for {', '.join(silent)}"


def constructor_arguments(component: type[Any]) -> list[str]:
    """Names of what a constructor takes."""
    parameters = inspect.signature(component).parameters.values()
    return [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def naming(component: type[Any], supplies: Mapping[str, Any]) -> dict[str, Any]:
    """Those of what the core supplies that a constructor names."""
    named = constructor_arguments(component)
    return {name: value for name, value in supplies.items() if name in named}


def _expected_to_fail(test: object) -> bool:
    marks = getattr(test, "pytestmark", ())
    return any(mark.name == "xfail" and mark.kwargs.get("reason") for mark in marks)
