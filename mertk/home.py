"""Where mertk keeps what can be made again: features and generated corpora."""

import os
from pathlib import Path


def home() -> Path:
    """`$MERTK_HOME`, or `mertk` in the user's cache folder."""
    named = os.environ.get("MERTK_HOME")
    if named:
        return Path(named).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "mertk"
