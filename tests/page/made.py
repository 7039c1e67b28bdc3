"""Folders of finished runs that a page can be made of."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from mertk.contracts import Metric
from mertk.page.compose import Wishes, compose
from mertk.page.gather import Board, boards, find
from mertk.page.html import render
from mertk_plugins.metrics.ua import UA
from mertk_plugins.metrics.wa import WA
from tests.results_made import system

METRICS: Mapping[str, Metric] = {"ua": UA(), "wa": WA()}


def made_run(
    root: Path, name: str, right: float = 0.7, fingerprint: str = "0" * 12, **facts: Any
) -> Path:
    """A run as it lies below a folder of results."""
    folder = root / name.replace("/", "_")[:40] / fingerprint
    system(folder, right, **facts)
    recipe = {
        "name": name,
        "dataset": {"use": "no_such_dataset"},
        "metrics": [{"use": "ua"}, {"use": "wa"}],
        "train": {"select": {"on": "held_out_speaker", "by": "ua"}},
    }
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    return folder


def cost(parameters: int) -> dict[str, Any]:
    return {"seconds": 3.0, "parameters": parameters, "memory": {"device": None, "process": None}}


def sorted_out(root: Path, against: str | None = None) -> list[Board]:
    return boards(find(root), lambda _: METRICS, against)


def shown(root: Path, title: str = "toy", **wishes: Any) -> str:
    return render(compose(sorted_out(root), Wishes(title, **wishes)))
