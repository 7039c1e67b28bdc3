"""Keys of a recipe's own that others of its keys switch off."""

from collections.abc import Iterator

from mertk.contracts import Recomputing
from mertk.errors import Fault
from mertk.resolved import Resolved


def idle_settings(resolved: Resolved) -> Iterator[Fault]:
    """Every key whose value nothing reads, whether the recipe gives it or not."""
    yield from _select(resolved)
    recipe, train = resolved.recipe, resolved.recipe.train
    if train.encoder_lr is not None and not any(e.train for e in recipe.encoders.values()):
        yield Fault(
            "train.encoder_lr",
            f"no encoder is trained (got {train.encoder_lr:g}); leave it out, or say `train: true` "
            "of one",
        )
    yield from _memory(resolved)
    if train.decay_vectors and not train.weight_decay:
        what = "train.weight_decay is 0, so that nothing decays (got True); leave it out"
        yield Fault("train.decay_vectors", what)
    if train.schedule == "one_cycle" and not train.warmup:
        what = "one_cycle takes 0.3 where this is 0 (got 0); leave it out, or say a share above 0"
        yield Fault("train.warmup", what)
    if train.modality_dropout and len(recipe.encoders) < 2:
        yield Fault(
            "train.modality_dropout",
            "there is one stream only, and every clip keeps one (got "
            f"{train.modality_dropout:g}); leave it out",
        )


def _memory(resolved: Resolved) -> Iterator[Fault]:
    """What saves memory of trained encoders, where there is nothing to save."""
    recipe, train = resolved.recipe, resolved.recipe.train
    trained = [name for name, spec in recipe.encoders.items() if spec.train]
    out = "leave it out" if trained else "leave it out, or say `train: true` of one"
    if train.micro_batch is not None and not trained:
        what = f"no encoder is trained (got {train.micro_batch}); {out}"
        yield Fault("train.micro_batch", what)
    elif train.micro_batch is not None and train.micro_batch >= train.batch_size:
        what = f"train.batch_size is {train.batch_size}, so that no batch is cut (got "
        yield Fault("train.micro_batch", f"{what}{train.micro_batch}); leave it out, or say less")
    able = [
        n for n in trained if issubclass(resolved.parts[f"encoders.{n}"].component, Recomputing)
    ]
    if train.checkpoint_activations and not able:
        why = "no encoder is trained" if not trained else f"{', '.join(trained)} cannot do it"
        yield Fault("train.checkpoint_activations", f"{why} (got True); {out}")


READ_BY = {"speakers": "held_out_speaker", "share": "held_out_clips"}
"""Key of `train.select` -> the rule that reads it."""


def _select(resolved: Resolved) -> Iterator[Fault]:
    select = resolved.recipe.train.select
    for key, rule in READ_BY.items():
        if select.on != rule:
            yield Fault(
                f"train.select.{key}",
                f"only the rule {rule} reads it, and `on` is {select.on} (got "
                f"{getattr(select, key)}); leave it out",
            )
