"""What a constructor does with its arguments, read from the text of its class.

Only what is certain is told: where a text is not there, or may read names in other ways, every
argument counts as read.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

CONTRACT: Final = frozenset(
    {"dim", "dims", "modality", "version", "digest", "frozen_front", "requires", "provides", "card"}
    | {"higher_is_better", "bounds", "tolerant"}
)
"""Attributes that the core reads."""
ANYTHING: Final = frozenset({"locals", "vars", "eval", "exec", "asdict", "astuple", "__dict__"})
"""Names that may stand for reading every other."""


@dataclass(frozen=True)
class Reading:
    """What is certain about a constructor.

    Args:
        unread: Arguments that are never read, or put aside where nobody reads them.
        rest: Whether what lands in `**arguments` may be read.
    """

    unread: frozenset[str]
    rest: bool


def read_arguments(component: type[Any]) -> Reading | None:
    """Read the constructor of a class; None where its text cannot be had."""
    owner = next(c for c in component.__mro__ if "__init__" in vars(c))
    found = _class(owner)
    if found is None:
        return None
    init = [n for n in found.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
    if not init and is_dataclass(owner):
        fields = vars(owner)["__dataclass_fields__"]
        return Reading(frozenset(f for f in fields if not _kept(component, {f})), rest=True)
    return _of_text(init[0], component) if len(init) == 1 else None


def _of_text(init: ast.FunctionDef, component: type[Any]) -> Reading:
    loads = [n.id for n in _inside(init) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    said = init.args
    rest = said.kwarg is None or said.kwarg.arg in loads
    if ANYTHING.intersection(loads):
        return Reading(frozenset(), rest=True)
    stores: dict[str, list[str]] = {}
    for name, attribute in _stores(init):
        stores.setdefault(name, []).append(attribute)
    names = [a.arg for a in (*said.posonlyargs, *said.args, *said.kwonlyargs)][1:]
    unread = {
        name
        for name in names
        # Each time it is read, it is only put aside under a name that nobody reads.
        if loads.count(name) == len(stores.get(name, []))
        and not _kept(component, set(stores.get(name, [])))
    }
    return Reading(frozenset(unread), rest)


def _inside(init: ast.FunctionDef) -> Iterator[ast.AST]:
    for statement in init.body:
        yield from ast.walk(statement)


def _stores(init: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """(argument, attribute) of every `self.attribute = argument`."""
    me = init.args.args[0].arg if init.args.args else "self"
    for node in _inside(init):
        if isinstance(node, ast.Assign):
            pairs = [pair for target in node.targets for pair in _pairs(target, node.value)]
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            pairs = [(node.target, node.value)]
        else:
            continue
        for target, value in pairs:
            own = isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name)
            if own and isinstance(value, ast.Name) and target.value.id == me:  # type: ignore[attr-defined]
                yield value.id, target.attr  # type: ignore[attr-defined]


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return list(zip(target.elts, value.elts, strict=False))
    return [(target, value)]


def _kept(component: type[Any], attributes: set[str]) -> bool:
    """Whether anything may read one of the attributes."""
    if attributes & CONTRACT:
        return True
    if not attributes:
        return False
    modules = {c.__module__ for c in component.__mro__ if c.__module__ not in _PLAIN}
    if any(_reads(module, attributes) for module in modules):
        return True
    # Functions beside the class, in other modules of its package, may be handed its instances.
    package = component.__module__.partition(".")[0]
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, attributes))})\b")
    others = [n for n in list(sys.modules) if n.partition(".")[0] == package and n not in modules]
    return any(pattern.search(_text(name) or "") for name in others)


_PLAIN: Final = frozenset({"builtins", "abc", "typing", "torch.nn.modules.module"})


def _reads(module: str, attributes: set[str]) -> bool:
    tree = _tree(module)
    return tree is None or any(_may_read(node, attributes) for node in ast.walk(tree))


def _may_read(node: ast.AST, attributes: set[str]) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in ANYTHING or (node.attr in attributes and isinstance(node.ctx, ast.Load))
    if isinstance(node, ast.Constant):
        return node.value in attributes if isinstance(node.value, str) else False
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        named = len(node.args) > 1 and isinstance(node.args[1], ast.Constant)
        return node.func.id in ANYTHING or (node.func.id == "getattr" and not named)
    return False


def _class(owner: type[Any]) -> ast.ClassDef | None:
    tree = _tree(owner.__module__)
    named = [
        n
        for n in (ast.walk(tree) if tree else ())
        if isinstance(n, ast.ClassDef) and n.name == owner.__name__
    ]
    return named[0] if len(named) == 1 else None


@cache
def _tree(module: str) -> ast.Module | None:
    text = _text(module)
    try:
        return None if text is None else ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def _text(module: str) -> str | None:
    file = getattr(sys.modules.get(module), "__file__", None)
    if not file or not file.endswith(".py"):
        return None
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
