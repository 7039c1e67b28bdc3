"""`mertk check`: every fault of a recipe, without running it; with `--deep` its first steps."""

import argparse
from typing import Any

from mertk import draft
from mertk.check import resolve
from mertk.cli.answer import answer
from mertk.contamination import declared
from mertk.errors import RecipeError
from mertk.registry import discover
from mertk.variants import edits_of, variants

Json = Any


def check(arguments: argparse.Namespace) -> int:
    """Tell every fault of a recipe, its ablations included; 0 where there is none."""
    registry = discover()
    recipe = draft.read(arguments.recipe).set(arguments.set)
    edits = edits_of(resolve(recipe, registry).recipe.ablations)
    made = variants(recipe, edits, registry)
    resolved = made[0].resolved
    notes = [f"{v.name}: {v.note}" for v in made if v.note]
    looked = ""
    if arguments.deep:
        from mertk.probe import STEPS, probe  # it builds the model, so torch is needed

        probed = probe(made)
        if probed.faults:
            raise RecipeError(resolved.source, probed.faults)
        notes += probed.notes
        looked = f", none in the first {STEPS} steps of training"
    if arguments.json:
        answer(
            {
                "recipe": resolved.recipe.model_dump(mode="json"),
                "fingerprint": resolved.fingerprint,
                "deep": arguments.deep,
                "notes": notes,
                "pretrained_on": declared(resolved),
            }
        )
        return 0
    print(f"{arguments.recipe}: no faults{looked}; fingerprint {resolved.fingerprint}")
    for note in notes:
        print(f"  {note}")
    return 0
