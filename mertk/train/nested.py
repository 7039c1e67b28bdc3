"""Nested values with tensors among them, as JSON and tensors by name: nothing that could be run."""

import json
from typing import Any, Final

import torch
from torch import Tensor

DICT, TENSOR = "dict", "tensor"
_PLAIN: Final = (str, int, float, bool, type(None))


def apart(value: Any) -> tuple[str, dict[str, Tensor]]:
    """The JSON of a nested value, and the tensors that it refers to.

    Args:
        value: Dicts (with keys of any plain kind), lists, tuples (which become lists), plain values
            and tensors.

    Raises:
        TypeError: Something else is in it.
    """
    tensors: dict[str, Tensor] = {}

    def told(value: Any) -> Any:
        if isinstance(value, Tensor):
            name = str(len(tensors))
            tensors[name] = value.detach()
            return {TENSOR: name}
        if isinstance(value, dict):
            # As pairs: keys of JSON are text, and those of an optimiser's state are numbers.
            return {DICT: [[told(k), told(v)] for k, v in value.items()]}
        if isinstance(value, list | tuple):
            return [told(v) for v in value]
        if type(value) in _PLAIN:
            return value
        raise TypeError(f"a state cannot hold {value!r}")

    return json.dumps(told(value)), _of_their_own(tensors)


def together(text: str, tensors: dict[str, Tensor]) -> Any:
    """The value that `apart` took apart.

    Raises:
        ValueError: This is not what `apart` gives.
    """

    def meant(value: Any) -> Any:
        match value:
            case {"tensor": str(name)} if name in tensors:
                return tensors[name]
            case {"dict": list(pairs)}:
                return {meant(k): meant(v) for k, v in pairs}
            case dict():
                raise ValueError(f"{value!r} stands for nothing")
            case list():
                return [meant(v) for v in value]
        return value

    return meant(json.loads(text))


def _of_their_own(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Contiguous tensors, none of which shares its memory with another."""
    seen: set[int] = set()
    own = {}
    for name, tensor in tensors.items():
        storage = tensor.untyped_storage()
        shares = storage.data_ptr() in seen or storage.nbytes() != tensor.nbytes
        seen.add(storage.data_ptr())
        own[name] = _copy(tensor) if shares else tensor.contiguous()
    return own


def _copy(tensor: Tensor) -> Tensor:
    return tensor.clone(memory_format=torch.contiguous_format)
