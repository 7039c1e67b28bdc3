"""Models with their weights: loaded from a checkpoint, or small and drawn from a seed."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import xxhash
from torch import nn

from mertk.errors import MertkError
from mertk.seeds import drawing
from mertk_plugins._checks import a_count
from mertk_plugins.encoders._arguments import SMALL
from mertk_plugins.encoders._hub import NONE, SETTINGS, damaged, find, first_line, settings


@dataclass(frozen=True)
class Loaded:
    """A model with its weights.

    Args:
        model: In single precision, on the CPU.
        preprocessor: The checkpoint's own settings for what goes into the model.
        digest: What identifies both by content; '' where the arguments do.
    """

    model: Any
    preprocessor: Any
    digest: str = ""


def obtain(
    checkpoint: str,
    load: Callable[[str], Loaded],
    draw: Callable[..., Loaded],
    seed: int | None,
    trial_seed: int | None = None,
    **sizes: int | None,
) -> Loaded:
    """Load what a recipe names, or draw a small model where it says `checkpoint: none`.

    Args:
        checkpoint: What the recipe says.
        load: Loads it.
        draw: Makes a model of the given sizes; its weights come from torch's generator.
        seed: What they are drawn from, where the recipe says it.
        trial_seed: What they are drawn from otherwise; 0 where this too is None.
        sizes: What the recipe says of each size; those of SMALL stand in for None.

    Raises:
        ValueError: A size or the seed is given beside a checkpoint, or a size is out of range.
        PluginError: The checkpoint is missing, damaged, or another kind of model.
    """
    if checkpoint != NONE:
        for name, value in {"seed": seed, **sizes}.items():
            if value is not None:
                raise ValueError(
                    f"{name}: only `checkpoint: {NONE}` takes sizes and a seed (got {value}); "
                    f"{checkpoint!r} brings its own, leave this out"
                )
        return load(checkpoint)
    chosen = {name: SMALL[name] if value is None else value for name, value in sizes.items()}
    for name, value in chosen.items():
        a_count(name, value, most=1000 if name == "layers" else 1_000_000)
    with drawing(seed if seed is not None else trial_seed or 0):
        return draw(**chosen)


def pretrained(
    checkpoint: str, family: str, model: Any, preprocessor: Any, **options: Any
) -> Loaded:
    """Load a transformers model and its preprocessor.

    Args:
        checkpoint: A folder or a hub id.
        family: What the `model_type` in its configuration must be, or begin with.
        model: The model's class.
        preprocessor: The preprocessor's class.
        options: For the model's `from_pretrained`.

    Raises:
        PluginError: The checkpoint is missing, damaged, or another kind of model.
    """
    folder = find(checkpoint)
    found = settings(checkpoint, folder).get("model_type")
    if not str(found).startswith(family):
        raise damaged(checkpoint, f"it holds a {found!r} model, here a {family!r} model is needed")
    around = [folder / name for name in SETTINGS if (folder / name).is_file()]
    if len(around) < 2:
        raise damaged(checkpoint, f"{folder} lacks {SETTINGS[1]}; copy it beside {SETTINGS[0]}")
    with loading(checkpoint):
        prepared = preprocessor.from_pretrained(folder, local_files_only=True)
        built, info = model.from_pretrained(
            folder,
            dtype=torch.float32,
            local_files_only=True,
            output_loading_info=True,
            **options,
        )
    absent = sorted(info["missing_keys"])
    if absent:
        raise damaged(checkpoint, f"its weights lack {absent[0]!r} ({len(absent)} in all)")
    texts = [path.read_text(encoding="utf-8") for path in around]
    return Loaded(built, prepared, digest(built, *texts))


@contextmanager
def loading(checkpoint: str) -> Iterator[None]:
    """Load without bars and reports, and without touching the program's random numbers.

    Raises:
        PluginError: For whatever the loader raises.
    """
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings(action="ignore"), drawing(0):
            yield
    except MertkError:
        raise
    except Exception as error:  # loaders raise what their file formats raise
        raise damaged(checkpoint, first_line(error)) from None
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def digest(model: nn.Module, *settings: str) -> str:
    """What identifies a loaded model by content.

    Args:
        model: The model; every number of its state counts.
        settings: What else changes its output.
    """
    hasher = xxhash.xxh3_128("\0".join(settings).encode())
    for name, tensor in sorted(model.state_dict().items()):
        hasher.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        hasher.update(tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy())
    return hasher.hexdigest()
