"""What the five conformance kits share: how a component is given, and that no test is bent."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, get_type_hints

import pytest

from mertk.contracts import Declaring, Pretraining, Sparing
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

    @pytest.mark.parametrize("used", [True, False])
    def test_what_it_calls_unused_are_arguments_each_with_a_reason(
        self, arguments: dict[str, Any], used: bool
    ) -> None:
        """`mertk check` asks it of every recipe, before anything is built."""
        component: Any = self.component
        if not isinstance(component, Sparing):
            return
        place = {"streams": ["audio", "video"][: 1 + used], "train": used, "weight": float(used)}
        told = component.unused({**defaults(self.component), **arguments}, place)
        strays = told.keys() - constructor_arguments(self.component)
        assert not strays, f"{self.component.__name__}: takes no {', '.join(sorted(strays))}"
        assert all(isinstance(why, str) and why for why in told.values())

    def test_what_it_was_pretrained_on_is_said_in_names(self, arguments: dict[str, Any]) -> None:
        """Tables hold them against the test corpus; asked before anything is built."""
        component: Any = self.component
        if not isinstance(component, Declaring):
            return
        said = component.pretraining({**defaults(self.component), **arguments})
        assert isinstance(said, Pretraining)
        assert isinstance(said.corpora, tuple), "a tuple of names"
        assert all(isinstance(name, str) and name for name in said.corpora)
        assert isinstance(said.complete, bool)


def constructor_arguments(component: type[Any]) -> list[str]:
    """Names of what a constructor takes."""
    parameters = inspect.signature(component).parameters.values()
    return [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def defaults(component: type[Any]) -> dict[str, Any]:
    """What its arguments are where a recipe says nothing."""
    parameters = inspect.signature(component).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def naming(component: type[Any], supplies: Mapping[str, Any]) -> dict[str, Any]:
    """Those of what the core supplies that a constructor names."""
    named = constructor_arguments(component)
    return {name: value for name, value in supplies.items() if name in named}


def _expected_to_fail(test: object) -> bool:
    marks = getattr(test, "pytestmark", ())
    return any(mark.name == "xfail" and mark.kwargs.get("reason") for mark in marks)
