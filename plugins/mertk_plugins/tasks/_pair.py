"""The two streams that a pairwise task works on."""

from collections.abc import Mapping, Sequence

from mertk.errors import did_you_mean


def two_streams(dims: Mapping[str, int], modalities: Sequence[str] | None) -> tuple[str, str]:
    """Return the streams that are named, or the recipe's two.

    Args:
        dims: The recipe's streams.
        modalities: Two of their names; None stands for the only two.

    Raises:
        ValueError: Not two different streams of the recipe, or more than two and none named.
    """
    there = f"the recipe has {', '.join(dims) or 'none'}"
    if modalities is None and len(dims) > 2:
        raise ValueError(f"modalities: name the two streams to pair; {there}")
    names = list(dims if modalities is None else modalities)
    for name in names:
        if name not in dims:
            raise ValueError(f"modalities: no stream named {name!r}{did_you_mean(name, dims)}")
    if len(set(names)) != 2 or len(names) != 2:
        raise ValueError(
            f"modalities: two different streams are needed (got {', '.join(names) or 'none'}); "
            f"{there}"
        )
    return names[0], names[1]
