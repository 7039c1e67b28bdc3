"""Where a checkpoint's files lie: a local folder, the hub's cache, or the hub itself."""

import json
import re
from pathlib import Path
from typing import Any, Final

from mertk.errors import PluginError

NONE: Final = "none"
"""What a recipe says for a small model without trained weights."""

SETTINGS: Final = ("config.json", "preprocessor_config.json", "processor_config.json")
"""A model's configuration, and the two names under which its preprocessor's may lie."""

_HUB_ID: Final = re.compile(r"[\w-][\w.-]*(/[\w.-]+)?(@[\w./-]+)?")
_WHOLE: Final = ("model.safetensors", "pytorch_model.bin")  # the safe format goes first
_INDEX: Final = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_ANSWER: Final = 10.0  # seconds the hub has to answer


def find(checkpoint: str) -> Path:
    """The folder that holds a checkpoint; one that is in the hub's cache is not asked for again.

    Args:
        checkpoint: A folder in the hub's layout, or a hub id, `owner/name` or
            `owner/name@revision`.

    Raises:
        PluginError: It is nowhere, or not complete.
    """
    folder = Path(checkpoint).expanduser()
    if not folder.is_dir():
        nowhere = f"there is no folder {str(folder.resolve())!r}"
        if not _HUB_ID.fullmatch(checkpoint):
            raise _missing(checkpoint, nowhere)
        folder = _from_hub(checkpoint, nowhere)
    lacking = _lacks(folder)
    if lacking:
        raise damaged(checkpoint, f"{folder} lacks {lacking}; copy or fetch it again")
    return folder


def settings(checkpoint: str, folder: Path) -> dict[str, Any]:
    """What a checkpoint's configuration says.

    Raises:
        PluginError: It cannot be read.
    """
    return _json(checkpoint, folder / SETTINGS[0])


def whole_weights(checkpoint: str, folder: Path) -> Path:
    """The one file that holds all weights, the safe format where both are there.

    Raises:
        PluginError: They are in parts.
    """
    for name in _WHOLE:
        if (folder / name).is_file():
            return folder / name
    raise damaged(checkpoint, f"its weights are in parts; {folder / _WHOLE[0]} is needed")


def damaged(checkpoint: str, what: str) -> PluginError:
    """A checkpoint is there but cannot be used."""
    return PluginError(f"checkpoint: {checkpoint!r} cannot be used: {what}")


def first_line(error: BaseException) -> str:
    """What an error says, without the advice below it."""
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0]}" if said else type(error).__name__


def _missing(checkpoint: str, looked: str) -> PluginError:
    return PluginError(
        f"checkpoint: {checkpoint!r} was not found: {looked}; give a folder in the hub's layout "
        f"(config.json, preprocessor_config.json, model.safetensors), a hub id (connect to the "
        f"network once to fetch it), or `checkpoint: {NONE}` for a small untrained model"
    )


def _from_hub(checkpoint: str, nowhere: str) -> Path:
    from huggingface_hub import constants, try_to_load_from_cache

    repo, _, revision = checkpoint.partition("@")
    try:
        cached = try_to_load_from_cache(repo, SETTINGS[0], revision=revision or None)
        if isinstance(cached, str) and not _lacks(Path(cached).parent):
            return Path(cached).parent
        if not constants.HF_HUB_OFFLINE:
            return _fetch(repo, revision or None)
        why = "and the hub is switched off (HF_HUB_OFFLINE)"
    except Exception as error:  # the hub's client raises its own, its transport's and the system's
        why = f"and the hub cannot give it ({first_line(error)})"
    uncached = f"it is not in the hub's cache ({constants.HF_HUB_CACHE})"
    raise _missing(checkpoint, f"{nowhere}, {uncached}, {why}")


def _fetch(repo: str, revision: str | None) -> Path:
    """Fetch the settings, and the weights in one format, into the hub's cache."""
    from huggingface_hub import HfApi, hf_hub_download

    told = HfApi().model_info(repo, revision=revision, timeout=_ANSWER)
    names = [file.rfilename for file in told.siblings or ()]
    wanted: list[str] = [name for name in SETTINGS if name in names]
    for whole in _WHOLE:
        # Other weights may lie beside them, in half precision or for other frameworks.
        stem, suffix = map(re.escape, whole.split("."))
        parts = re.compile(rf"{stem}(-\d+-of-\d+)?\.{suffix}(\.index\.json)?")
        weights = [name for name in names if parts.fullmatch(name)]
        if weights:
            wanted += weights
            break
    fetched = [hf_hub_download(repo, name, revision=revision) for name in wanted]
    if not fetched:
        raise FileNotFoundError(f"it holds no {SETTINGS[0]}")
    return Path(fetched[0]).parent


def _lacks(folder: Path) -> str:
    """The first file that is needed but not there; '' where all are."""
    if not (folder / SETTINGS[0]).is_file():
        return SETTINGS[0]
    for whole, index in zip(_WHOLE, _INDEX, strict=True):
        if (folder / whole).is_file():
            return ""
        if (folder / index).is_file():
            parts = _json(str(folder), folder / index).get("weight_map", {}).values()
            return next((p for p in sorted(set(parts)) if not (folder / p).is_file()), "")
    return f"weights ({' or '.join(_WHOLE)}, whole or in parts)"


def _json(checkpoint: str, path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(checkpoint, f"{path} cannot be read ({first_line(error)})") from None
    if not isinstance(read, dict):
        raise damaged(checkpoint, f"{path} is not a JSON object")
    return read
