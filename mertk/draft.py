"""A recipe before it is checked: read from YAML, changed by --set, --without and --swap."""

import copy
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from mertk.errors import MertkError, did_you_mean
from mertk.plain import DEEPEST, refuse_unplain
from mertk.recipe import Component, EncoderSpec, TaskSpec

Json = Any
PLACES: Mapping[str, type[Component]] = {"encoders": EncoderSpec, "tasks": TaskSpec}
COMPONENTS = {"dataset": 0, "fusion": 0, "encoders": 1, "tasks": 1}
"""Where components stand, at which depth: a name alone is short for `{use: name}` there."""


@dataclass(frozen=True)
class Draft:
    """The raw content of a recipe file.

    Args:
        source: What messages call it: the path as given, or the shipped name.
        base: The folder that `./file.py:Class` is relative to.
        content: The YAML mapping.
        written: What it was before values were put into it; None where none was.
        touched: The dotted paths that got one.
    """

    source: str
    base: Path
    content: dict[str, Json]
    written: dict[str, Json] | None = None
    touched: tuple[str, ...] = ()

    def set(self, assignments: Iterable[str]) -> "Draft":
        """Apply `--set a.b=1`: values are YAML, missing sections are made.

        `--set a.b=@FILE` takes the value from a YAML file.

        Raises:
            MertkError: An assignment is not of this form, or its file cannot be read.
        """
        draft = self
        for assignment in assignments:
            path, equals, text = assignment.partition("=")
            if not equals or not path.strip() or not path.isprintable():
                shown = assignment if assignment.isprintable() else ascii(assignment)
                raise MertkError(f"--set {shown}: expected PATH=VALUE, such as train.lr=1e-3")
            draft = draft.assign(path.strip(), _value(text, f"--set {assignment}"))
        return draft

    def assign(self, path: str, value: Json) -> "Draft":
        """Put a value at a dotted path.

        Raises:
            MertkError: The path leads through something that has no parts, or deeper than any.
        """
        if path.count(".") >= DEEPEST:
            raise MertkError(f"{path[:60]}...: no recipe is that deep")
        content = copy.deepcopy(self.content)
        _assign(content, path.split("."), value)
        written = self.content if self.written is None else self.written
        return replace(self, content=content, written=written, touched=(*self.touched, path))

    def without(self, names: Iterable[str]) -> "Draft":
        """Leave out encoders or auxiliary tasks by name (`mem` or `tasks.mem`).

        Raises:
            MertkError: There is no such part, or it cannot be left out.
        """
        content = copy.deepcopy(self.content)
        for name in names:
            section, key = _locate(content, name, ("encoders", "tasks"), f"without {name}")
            del content[section][key]
        return replace(self, content=content)

    def swap(self, swaps: Mapping[str, Json]) -> "Draft":
        """Put another component in the place of one; its arguments are its own defaults.

        Raises:
            MertkError: There is no such part.
        """
        content = copy.deepcopy(self.content)
        for name, other in swaps.items():
            spec = {"use": other} if isinstance(other, str) else other
            if name in ("fusion", "dataset"):
                content[name] = spec
                continue
            section, key = _locate(content, name, ("encoders", "tasks"), f"swap {name}")
            # What is said of the place, such as `train` or `weight`, holds for what stands there.
            own = PLACES[section].model_fields.keys() - {"use", "pretrained_on"}
            place = {k: v for k, v in _mapping(content[section][key]).items() if k in own}
            content[section][key] = {**place, **spec} if isinstance(spec, dict) else spec
        return replace(self, content=content)


def _mapping(spec: Json) -> Mapping[str, Json]:
    return spec if isinstance(spec, dict) else {}


def read(recipe: str) -> Draft:
    """Read a recipe by path or by the name of a shipped one.

    Raises:
        MertkError: There is none, or it is not a YAML mapping.
    """
    path, content = read_mapping(recipe, shipped(), "recipe")
    return Draft(recipe, path.parent, content)


def read_mapping(name: str, known: Mapping[str, Path], kind: str) -> tuple[Path, dict[str, Json]]:
    """Read a YAML mapping by path or by the name of a shipped one; returns where it lies, too.

    Args:
        name: A path, or one of the names.
        known: What is shipped.
        kind: What messages call it, such as "recipe".

    Raises:
        MertkError: There is none, or it is not a YAML mapping.
    """
    path = Path(name)
    if not _exists(path) or path.is_dir():
        if name in known:
            path = known[name]
        elif name and _exists(path):
            raise MertkError(f"{name}: is a folder; give one of the {kind}s in it")
        else:
            shown = name if len(name) <= 200 else f"{name[:197]}..."
            raise MertkError(
                f"{shown or repr(shown)}: no such {kind}{did_you_mean(path.stem, known)}"
            )
    content = parse(_text(path, name), name)
    if not isinstance(content, dict):
        what = type(content).__name__
        got = {"NoneType": "nothing", "str": "text"}.get(what, f"a {what}")
        raise MertkError(f"{name}: expected keys and values, such as 'name: mine' (got {got})")
    return path, content


def _text(path: Path, source: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise MertkError(f"{source}: no such file ({path.absolute()})") from None
    except UnicodeDecodeError:
        raise MertkError(f"{source}: is no text in UTF-8") from None
    except (OSError, ValueError) as error:
        raise MertkError(f"{source}: cannot be read: {error}") from None


def _value(text: str, source: str) -> Json:
    """What `--set` gives: YAML, or `@FILE` for what a YAML file holds."""
    if text.startswith("@"):  # which YAML reserves: no value begins so
        return parse(_text(Path(text[1:]), source), text[1:])
    try:
        return parse(text, source)
    except MertkError:
        raise MertkError(f"{source}: {text!r} is not a YAML value") from None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that no file could have, such as one too long
        return False


def shipped(folder: str = "recipes", package: str = "mertk_recipes") -> dict[str, Path]:
    """The recipes that come with mertk, or YAML files of another kind, by name.

    Args:
        folder: Where they lie in a checkout.
        package: Where they lie where mertk is installed.
    """
    root = Path(__file__).resolve().parent.parent
    folders: list[str] = [str(root / folder)]
    if not (root / "pyproject.toml").is_file():  # installed, not a checkout that is worked on
        installed = find_spec(package)
        folders = list(installed.submodule_search_locations or []) if installed else []
    return {p.stem: p for place in folders for p in sorted(Path(place).glob("*.yaml"))}


class _Loader(yaml.SafeLoader):
    """YAML 1.2's plain scalars: `on:` is a key, 1e-4 a number, 1:30 and 1_0 none; no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | float | bool):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be a plain word", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [r for r in resolvers if not r[0].endswith((":bool", ":float", ":int", ":timestamp"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789")
)
_Loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(str(node.value)))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$"
    ),
    list("-+0123456789."),
)


def parse(text: str, source: str) -> Json:
    """Read YAML text.

    Raises:
        MertkError: It is not YAML, says a key twice, or holds what no recipe can.
    """
    try:
        value = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{source}:{mark.line + 1}:{mark.column + 1}" if mark else source
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        hint = "; indent with spaces, YAML takes no tabs" if r"'\t'" in problem else ""
        raise MertkError(f"{where}: not valid YAML: {problem}{hint}") from None
    except (ValueError, RecursionError) as error:
        raise MertkError(f"{source}: not valid YAML: {type(error).__name__}: {error}") from None
    try:
        refuse_unplain(value)
    except ValueError as error:
        raise MertkError(f"{source}: {error}") from None
    return value


def _assign(content: dict[str, Json], path: list[str], value: Json) -> None:
    here = content
    for depth, key in enumerate(path[:-1]):
        below = here.get(key)
        if below is None:
            below = here[key] = {}
        elif isinstance(below, str) and path[0] in COMPONENTS and depth == COMPONENTS[path[0]]:
            below = here[key] = {"use": below}
        elif not isinstance(below, dict):
            done = ".".join(path[: depth + 1])
            kind = type(below).__name__
            raise MertkError(f"{'.'.join(path)}: cannot be set, {done!r} is a {kind}, no section")
        here = below
    here[path[-1]] = value


def _locate(
    content: Mapping[str, Json], name: str, sections: tuple[str, ...], where: str
) -> tuple[str, str]:
    section, dot, key = name.partition(".")
    if dot and section in sections:
        sections, name = (section,), key
    present = {s: content.get(s) for s in sections}
    found = [s for s, parts in present.items() if isinstance(parts, dict) and name in parts]
    if len(found) == 1:
        return found[0], name
    if found:
        raise MertkError(f"{where}: both {' and '.join(found)} have it; say {found[0]}.{name}")
    if name in ("fusion", "dataset"):
        raise MertkError(f"{where}: a recipe needs its {name}; use --swap {name}=OTHER instead")
    known = [k for parts in present.values() if isinstance(parts, dict) for k in parts]
    raise MertkError(f"{where}: the recipe has no such part{did_you_mean(name, known)}")
