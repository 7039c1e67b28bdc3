"""Which layer of a transformer is the output."""


def layer_index(layer: int | None, total: int) -> int:
    """The number of layers to run for the hidden state that a recipe asks for.

    Args:
        layer: Hidden state: 0 goes into the first layer, k comes out of layer k, negative counts
            from the last (-1), None is the last.
        total: Layers of the model.

    Raises:
        ValueError: There is no such layer.
    """
    if layer is None:
        return total
    if not -total - 1 <= layer <= total:
        raise ValueError(
            f"layer: the model has {total} layers (got {layer}); "
            f"0 (their input) to {total}, or -1 (the last) to {-total - 1}"
        )
    return layer % (total + 1)
