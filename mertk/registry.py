"""Find plugins, collect the names they announce, and load a component when it is first used."""

import hashlib
import importlib
import inspect
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import pluggy

from mertk import hookspecs
from mertk.code import TEXT_DIGEST
from mertk.errors import PluginError, did_you_mean
from mertk.hookspecs import KINDS, PROJECT

SINGULAR: Mapping[str, str] = MappingProxyType(
    {
        "encoders": "encoder",
        "fusions": "fusion",
        "tasks": "auxiliary task",
        "datasets": "dataset",
        "metrics": "metric",
    }
)


NO_THIRD_PARTY = "MERTK_NO_THIRD_PARTY"
"""The environment's variable that has only mertk's own plugins run."""


@dataclass(frozen=True)
class Entry:
    """One announced component.

    Args:
        kind: One of the five kinds.
        name: What recipes say.
        target: `package.module:Class`, or `path/to/file.py:Class`.
        summary: One line.
        provider: Distribution and version that brought it, for example `mertk 0.1.0`.
    """

    kind: str
    name: str
    target: str
    summary: str
    provider: str

    def load(self) -> type[Any]:
        """Import the component.

        Raises:
            PluginError: The module cannot be imported or lacks the name.
        """
        where, _, attribute = self.target.rpartition(":")
        module = _load_file(Path(where)) if where.endswith(".py") else _load_module(self, where)
        try:
            component = getattr(module, attribute)
        except AttributeError:
            near = did_you_mean(attribute, (n for n in vars(module) if not n.startswith("_")))
            raise PluginError(f"{where} has no {attribute!r}{near}") from None
        if not inspect.isclass(component):
            raise PluginError(f"{self.target} is not a class but a {type(component).__name__}")
        return component

    @property
    def registered(self) -> bool:
        """Whether a distribution announced it, so that its version says which code it is."""
        return ":" not in self.name


@dataclass(frozen=True)
class Skipped:
    """A plugin that could not be loaded, and why."""

    name: str
    reason: str


@dataclass
class Registry:
    """Every announced component by kind and name.

    Args:
        entries: By kind and name.
        skipped: Plugins that are not among them.
        own_only: Whether code that is not mertk's own is refused.
    """

    entries: dict[str, dict[str, Entry]] = field(default_factory=lambda: {k: {} for k in KINDS})
    skipped: list[Skipped] = field(default_factory=list)
    own_only: bool = False

    def add(self, entry: Entry) -> None:
        """Take one component in.

        Raises:
            PluginError: The name is taken, or the target is not `module:Class`.
        """
        if ":" not in entry.target:
            raise PluginError(
                f"{entry.provider}: {entry.name!r} points to {entry.target!r}; "
                "expected 'package.module:Class'"
            )
        known = self.entries[entry.kind].get(entry.name)
        if known is not None:
            raise PluginError(
                f"two plugins register the {SINGULAR[entry.kind]} {entry.name!r}: "
                f"{known.provider} ({known.target}) and {entry.provider} ({entry.target}); "
                "uninstall one or ask its author for another name"
            )
        self.entries[entry.kind][entry.name] = entry

    def find(self, kind: str, use: str, base: Path | None = None) -> Entry:
        """Look up what a recipe says after `use:`.

        Args:
            kind: One of the five kinds.
            use: A registered name, `package.module:Class`, or `./file.py:Class`.
            base: The folder that a relative file is relative to (the recipe's).

        Raises:
            PluginError: Nothing of that name is there.
        """
        if ":" in use:
            return self._direct(kind, use, base or Path())
        try:
            return self.entries[kind][use]
        except KeyError:
            raise PluginError(self._unknown(kind, use)) from None

    def _direct(self, kind: str, use: str, base: Path) -> Entry:
        where, _, attribute = use.rpartition(":")
        if self.own_only:
            raise PluginError(f"{use!r} is code of someone else, which --no-third-party refuses")
        if where.endswith(".py"):
            path = (base / where).resolve()
            if not path.is_file():
                raise PluginError(f"no file {str(path)!r}")
            return Entry(kind, use, f"{path}:{attribute}", "", f"file {path.name}")
        return Entry(kind, use, use, "", f"module {where.partition('.')[0]}")

    def _unknown(self, kind: str, name: str) -> str:
        other = [SINGULAR[k] for k in KINDS if k != kind and name in self.entries[k]]
        article = "an" if other and other[0][0] in "aeiou" else "a"
        hint = f"; that is the name of {article} {other[0]}" if other else ""
        near = hint or did_you_mean(name, self.entries[kind])
        broken = "".join(f" (plugin {s.name!r} was skipped: {s.reason})" for s in self.skipped)
        return f"no {SINGULAR[kind]} named {name!r}{near}{broken}"


def collect(plugins: Iterable[tuple[str, Any]]) -> Registry:
    """Call the hooks of (provider, plugin) pairs and collect what they announce."""
    registry = Registry()
    for provider, plugin in plugins:
        try:
            announced = _announced(provider, plugin)
        except (Exception, SystemExit) as error:  # a stranger's fault must not stop the others
            reason = str(error) if isinstance(error, pluggy.PluginValidationError) else _say(error)
            registry.skipped.append(Skipped(provider, reason))
            continue
        for entry in announced:
            registry.add(entry)
    return registry


def _announced(provider: str, plugin: Any) -> list[Entry]:
    # A manager of its own, so that a call of `register` is known to be this provider's.
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, name=provider)
    manager.check_pending()
    found: list[Entry] = []

    def register(kind: str, name: str, target: str, *, summary: str) -> None:
        found.append(Entry(kind, name, target, summary, provider))

    for kind in KINDS:
        getattr(manager.hook, f"register_{kind}")(register=partial(register, kind))
    return found


def _say(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def discover() -> Registry:
    """Every component of every installed plugin; a plugin that does not load is skipped and named.

    Where the environment says `NO_THIRD_PARTY`, only mertk's own: no code of anyone else is run.

    Raises:
        PluginError: Two plugins announce one name.
    """
    return _discovered(own_only=bool(os.environ.get(NO_THIRD_PARTY)))


@cache
def _discovered(*, own_only: bool) -> Registry:
    skipped: list[Skipped] = []
    plugins: list[tuple[str, Any]] = []
    for point in sorted(entry_points(group=PROJECT), key=_builtin_first):
        provider = f"{point.dist.name} {point.dist.version}" if point.dist else point.name
        if own_only and not _is_own(point):
            skipped.append(Skipped(provider, "--no-third-party"))
            continue
        try:
            plugins.append((provider, point.load()))
        except (Exception, SystemExit) as error:  # as above
            skipped.append(Skipped(provider, _say(error)))
    registry = collect(plugins)
    registry.skipped = [*skipped, *registry.skipped]
    registry.own_only = own_only
    return registry


def _builtin_first(point: EntryPoint) -> tuple[bool, str]:
    return (not _is_own(point), point.name)


def _is_own(point: EntryPoint) -> bool:
    return point.dist is not None and point.dist.name == PROJECT


def _load_module(entry: Entry, name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        own = name.partition(".")[0] == (error.name or "").partition(".")[0] != error.name
        what = f"there is no module {error.name!r}"
        if not own:
            what = f"needs the package {error.name!r}, which is not installed"
        raise PluginError(f"{entry.name!r}: {what}") from error
    except (Exception, SystemExit) as error:
        raise PluginError(f"{entry.name!r} does not load: {_say(error)}") from error


def _load_file(path: Path) -> ModuleType:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise PluginError(f"{path} cannot be read: {error.strerror}") from None
    digest = hashlib.sha256(text).hexdigest()[:16]
    name = f"mertk_file_{path.stem}_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    module = ModuleType(name)
    module.__file__ = str(path)
    setattr(module, TEXT_DIGEST, digest)
    sys.modules[name] = module  # dataclasses and pickle look a class's module up there
    try:
        exec(compile(text, path, "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise PluginError(f"{path} does not load: {_say(error)}") from error
    return module
