"""Finished runs as the command line names them."""

from pathlib import Path

from mertk.errors import MertkError
from mertk.records import Kept, read_kept
from mertk.variants import FULL


def run_folder(name: str, results: Path) -> Path:
    """Where the trials of a run lie: there, or in the only full recipe below it.

    Args:
        name: A folder of results, or a recipe's name below `results`.
        results: Where results lie.

    Raises:
        MertkError: There is none, or several.
    """
    tried = dict.fromkeys([Path(name), results / name])
    for folder in tried:
        if (folder / "recipe.yaml").is_file():
            return folder
        below = sorted(p.parent for p in folder.glob("*/recipe.yaml"))
        if below:
            return _only(name, below)
    raise MertkError(
        f"{name}: no finished run is at {' or '.join(str(t) for t in tried)}; give a folder of "
        "results, or run the recipe first (--results says where results lie)"
    )


def _only(name: str, folders: list[Path]) -> Path:
    """The folder of the full recipe, among those of its variants."""
    runs = {folder: _variants(read_kept(folder)) for folder in folders}
    full = [folder for folder, variants in runs.items() if FULL in variants] or folders
    if len(full) == 1:
        return full[0]
    told = "".join(f"\n  {folder} ({', '.join(runs[folder])})" for folder in full)
    raise MertkError(f"{name}: there are several runs; name one of these folders:{told}")


def _variants(kept: Kept) -> list[str]:
    return sorted({str(r.facts["variant"]) for r in kept.records.values()})
