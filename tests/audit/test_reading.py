"""Which arguments a constructor never reads, by its text."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from mertk.audit.reading import Reading, read_arguments
from mertk.hookspecs import KINDS
from mertk.registry import discover


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Import a text as a module."""
    monkeypatch.syspath_prepend(tmp_path)
    made = []

    def load(text: str) -> ModuleType:
        name = f"read_{tmp_path.name.replace('-', '_')}_{len(made)}"
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        made.append(name)
        return import_module(name)

    yield load
    for name in made:
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("def __init__(self, a, b=1): self.a = a\n def go(self): return self.a", {"b"}),
        ("def __init__(self, a): pass", {"a"}),
        ("def __init__(self, a): self.a = a", {"a"}),  # put aside, and nobody looks
        ("def __init__(self, a): self.a: int = a", {"a"}),
        ("def __init__(self, a, b): self.a, self.b = a, b\n def go(self): return self.b", {"a"}),
        ("def __init__(self, a): self.x = self.y = a\n def go(self): return self.y", set()),
        ("def __init__(self, a): self.x = a + 1", set()),
        ("def __init__(self, a): print(a); self.x = a", set()),
        ("def __init__(self, *, a): print(lambda: a)", set()),
        ("def __init__(self, a): print(locals())", set()),
        ("def __init__(self, a): self.a = a\n def go(self): return vars(self)", set()),
        ("def __init__(self, a): self.a = a\n def go(self): return getattr(self, 'a')", set()),
        ("def __init__(self, a): self.a = a\n def go(self, n): return getattr(self, n)", set()),
        ("def __init__(self, dim): self.dim = dim", set()),  # the core reads it
        ("def __init__(self, a): super().__init__()\n  ", {"a"}),
    ],
)
def test_an_argument_is_unread_only_where_that_is_certain(module, text: str, unread: set) -> None:
    found = read_arguments(module(f"class C:\n {text}\n").C)
    assert found is not None
    assert found.unread == unread


def test_arguments_that_land_in_the_rest_are_read_where_the_rest_is(module) -> None:
    text = "class {}:\n def __init__(self, **rest): {}\n"
    made = module(text.format("A", "pass") + text.format("B", "super().__init__(**rest)"))
    assert read_arguments(made.A) == Reading(frozenset(), rest=False)
    assert read_arguments(made.B) == Reading(frozenset(), rest=True)


def test_what_a_base_class_reads_is_read(module) -> None:
    made = module(
        "class Base:\n def go(self): return self.width\n"
        "class Own(Base):\n"
        " def __init__(self, width, depth): self.width, self.depth = width, depth\n"
    )
    found = read_arguments(made.Own)
    assert found is not None
    assert found.unread == {"depth"}


def test_fields_of_a_dataclass_count_as_put_aside(module) -> None:
    made = module(
        "from dataclasses import dataclass\n@dataclass\nclass C:\n a: int\n b: int = 0\n"
        " def go(self): return self.a\n"
    )
    found = read_arguments(made.C)
    assert found is not None
    assert found.unread == {"b"}


def test_a_class_without_a_text_reads_everything(module) -> None:
    made = module("C = type('C', (), {'__init__': lambda self, a: None})\n")
    assert read_arguments(made.C) is None
    assert read_arguments(dict) is None


@pytest.mark.parametrize("kind", KINDS)
def test_every_component_that_ships_reads_all_of_its_arguments(kind: str) -> None:
    for entry in discover().entries[kind].values():
        found = read_arguments(entry.load())
        assert found is None or not found.unread, entry.name
