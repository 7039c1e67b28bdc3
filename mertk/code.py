"""Which code a result rests on: the text of modules, and of all they import from their packages."""

import ast
import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

TEXT_DIGEST: Final = "__mertk_digest__"
"""Where a module that was loaded from a file keeps the digest of the text it was loaded from."""


@cache
def code_digest(*modules: str, aside: tuple[str, ...] = ()) -> str:
    """Digest of the text of modules, and of all they import from their own top-level packages.

    Sixteen hexadecimal digits. A version number says as much of a release, but not of a checkout
    that is worked on.

    Args:
        modules: Full names, for example `mertk.train.fit`.
        aside: Modules that do not count, nor what only they import.
    """
    texts: dict[str, bytes] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in texts or name in aside or (path := _file(name)) is None:
            continue
        texts[name] = _text(name, path)
        top = name.partition(".")[0]
        waiting += [n for n in _imports(name, path, texts[name]) if n.partition(".")[0] == top]
    total = hashlib.sha256()
    for name, text in sorted(texts.items()):
        total.update(f"{name}\0{hashlib.sha256(text).hexdigest()}\n".encode())
    return total.hexdigest()[:16]


def _file(name: str) -> Path | None:
    """The source of a module; None where there is none, as of a name that is no module's.

    Nothing is imported, though `find_spec` of a whole name would import what stands above it.
    """
    module = sys.modules.get(name)
    known = getattr(module, "__file__", None)
    if known:
        there = hasattr(module, TEXT_DIGEST) or Path(known).is_file()  # no file: from an archive
        return Path(known) if known.endswith(".py") and there else None
    top, *rest = name.split(".")
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return None
    places = [Path(place, *rest) for place in spec.submodule_search_locations or ()] if spec else []
    files = (file for at in places for file in (at / "__init__.py", at.with_suffix(".py")))
    return next((file for file in files if file.is_file()), None)


def _text(name: str, path: Path) -> bytes:
    known = getattr(sys.modules.get(name), TEXT_DIGEST, None)
    return known.encode() if isinstance(known, str) else path.read_bytes()


def _imports(name: str, path: Path, text: bytes) -> Iterator[str]:
    """Names of what a module imports: modules, and what may be modules."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # a digest in place of a text, or what nobody has imported
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
