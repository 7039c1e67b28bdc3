"""Where a checkpoint's files lie: a local folder, the hub's cache, or the hub itself."""

import json
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from mertk.errors import PluginError

NONE: Final = "none"
"""What a recipe says for a small model without trained weights."""

_HUB_ID: Final = re.compile(r"[\w-][\w.-]*(/[\w.-]+)?(@[\w./-]+)?")
SETTINGS: Final = ("config.json", "preprocessor_config.json", "processor_config.json")
_SAFE: Final = ("model.safetensors", "model.safetensors.index.json")
_PICKLED: Final = ("pytorch_model.bin", "pytorch_model.bin.index.json")
_WEIGHTS: Final = (*_SAFE, *_PICKLED)


def find(checkpoint: str) -> Path:
    """The folder that holds a checkpoint; one that is in the hub's cache is not asked for again.

    Args:
        checkpoint: A folder in the hub's layout, or a hub id, `owner/name` or
            `owner/name@revision`.

    Raises:
        PluginError: It is nowhere, or not complete.
    """
    folder = Path(checkpoint).expanduser()
    if folder.is_dir():
        _refuse_incomplete(checkpoint, folder)
        return folder
    if not _HUB_ID.fullmatch(checkpoint):
        raise missing(checkpoint, "there is no such folder")
    return _from_hub(checkpoint)


def settings(checkpoint: str, folder: Path, file: str = "config.json") -> dict[str, Any]:
    """What one of a checkpoint's JSON files says.

    Raises:
        PluginError: It is not there or not JSON.
    """
    try:
        read: dict[str, Any] = json.loads((folder / file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(checkpoint, f"{folder / file} cannot be read ({error})") from None
    return read


def missing(checkpoint: str, looked: str) -> PluginError:
    """A checkpoint is not where it was looked for; what can be done."""
    return PluginError(
        f"checkpoint: {checkpoint!r} was not found: {looked}; give a folder in the hub's layout "
        f"(config.json, preprocessor_config.json, model.safetensors), connect to the network "
        f"once so that it can be fetched, or say `checkpoint: {NONE}` for a small untrained model"
    )


def damaged(checkpoint: str, what: str) -> PluginError:
    """A checkpoint is there but cannot be used."""
    return PluginError(f"checkpoint: {checkpoint!r} cannot be used: {what}")


def first_line(error: BaseException) -> str:
    """What an error says, without the advice below it."""
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0]}" if said else type(error).__name__


def _from_hub(checkpoint: str) -> Path:
    from huggingface_hub import constants, snapshot_download

    repo, _, revision = checkpoint.partition("@")
    fetch = partial(snapshot_download, repo, revision=revision or None)
    try:
        cached = Path(fetch(allow_patterns=[*SETTINGS, *_WEIGHTS], local_files_only=True))
        if not _lacks(cached):
            return cached
    except (OSError, ValueError):
        pass  # not in the cache, or only a part of it
    try:
        folder = Path(fetch(allow_patterns=[*SETTINGS, *_patterns(_SAFE)]))
        if _lacks(folder):
            folder = Path(fetch(allow_patterns=[*SETTINGS, *_patterns(_PICKLED)]))
    except Exception as error:  # the hub's client raises its own, its transport's and the system's
        raise missing(
            checkpoint,
            f"there is no such folder, it is not in the hub's cache ({constants.HF_HUB_CACHE}), "
            f"and the hub cannot give it ({first_line(error)})",
        ) from None
    _refuse_incomplete(checkpoint, folder)
    return folder


def _patterns(files: Sequence[str]) -> list[str]:
    """Names of the weights and of their shards, without the variants beside them (fp16, onnx)."""
    stem, suffix = files[0].split(".")
    return [*files, f"{stem}-*-of-*.{suffix}"]


def _refuse_incomplete(checkpoint: str, folder: Path) -> None:
    lacking = _lacks(folder)
    if lacking:
        raise damaged(checkpoint, f"{folder} lacks {lacking}; copy or fetch it again")


def _lacks(folder: Path) -> str:
    """The first file that is needed but not there; '' where all are."""
    if not (folder / "config.json").is_file():
        return "config.json"
    there = [name for name in _WEIGHTS if (folder / name).is_file()]
    if not there:
        return f"weights ({' or '.join((_SAFE[0], _PICKLED[0]))}, whole or in parts)"
    if there[0].endswith(".index.json"):
        shards = json.loads((folder / there[0]).read_text(encoding="utf-8"))["weight_map"].values()
        return next((name for name in sorted(set(shards)) if not (folder / name).is_file()), "")
    return ""
