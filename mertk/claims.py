"""A published result as data: its numbers, how they were made, and what was set."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, ValidationError, model_validator

from mertk.draft import read_mapping, shipped
from mertk.errors import Fault, RecipeError
from mertk.recipe import Names, Part
from mertk.signature import join
from mertk.wording import explain

Json = Any
Percent = Annotated[float, Field(ge=0, le=100)]
Follows = Literal["both", "paper", "code", "neither", "not known"]


class Source(Part):
    """Whom to cite."""

    paper: str
    doi: str = ""
    arxiv: str = ""
    code: str = ""


class Rule(Part):
    """What picked the epoch."""

    on: str
    by: str


class Published(Part):
    """What the published numbers are of.

    Args:
        words: The protocol as a reader needs it.
        dataset: As recipes say it after `use:`.
        clips: How many, all folds together.
        folds: Test clips by fold.
        classes: Clips by class.
        select: What picked the epoch.
        seeds: How many fits each number is a mean of.
    """

    words: str
    dataset: str
    clips: PositiveInt
    folds: dict[str, PositiveInt] = Field(min_length=1)
    classes: dict[str, PositiveInt] = Field(min_length=2)
    select: Rule
    seeds: PositiveInt

    @model_validator(mode="after")
    def _adds_up(self) -> "Published":
        for name, parts in (("folds", self.folds), ("classes", self.classes)):
            if sum(parts.values()) != self.clips:
                raise ValueError(f"{name} add up to {sum(parts.values())} clips, not {self.clips}")
        return self


class Margin(Part):
    """Within which two scores count as equal, in percentage points, and why."""

    points: float = Field(gt=0)
    why: str


class Line(Part):
    """One row of the published table: scores in percent by metric.

    Args:
        name: As published.
        variants: What the variant is called that makes it, in runs.
        scores: By metric.
    """

    name: str
    variants: Names = Field(min_length=1)
    scores: dict[str, Percent] = Field(min_length=1)


class Setting(Part):
    """What was set, according to paper and code; a key that is not there is not known.

    Args:
        name: What it is.
        where: Dotted path into a recipe.
        fact: Dotted path into what a finished trial says of itself, which goes before the recipe.
        toolkit: What every run of mertk does, where recipes have no say.
        paper: What the paper says.
        code: What the released code does.
        note: To explain it.
    """

    name: str
    where: str | None = None
    fact: str | None = None
    toolkit: Json = None
    paper: Json = None
    code: Json = None
    note: str = ""

    @model_validator(mode="after")
    def _has_one_place(self) -> "Setting":
        if (self.where is None) == ("toolkit" not in self.model_fields_set):
            raise ValueError("expected one of where and toolkit")
        return self

    @property
    def said(self) -> Mapping[str, Json]:
        """What `paper` and `code` say, as far as it is known."""
        known = [k for k in ("paper", "code") if k in self.model_fields_set]
        return {k: getattr(self, k) for k in known}

    def follows(self, values: list[Json]) -> Follows:
        """Whom a run follows that has this value; [] where it has no such setting."""
        if not self.said:
            return "not known"
        agreed = [k for k, said in self.said.items() if values and same(values[0], said)]
        if len(agreed) == 2:
            return "both"
        return "paper" if "paper" in agreed else "code" if agreed else "neither"


class Target(Part):
    """Everything published that a run is held against.

    Args:
        name: As the command line says it.
        title: Method and corpus.
        source: Whom to cite.
        recipes: Shipped recipes that mean to make it; the first is looked for by default.
        needs: What `--set` must say for them to run.
        protocol: What the numbers are of.
        margin: Within which a run reproduces them.
        rows: The numbers.
        settings: How they were made.
        remarks: What else is to be known.
    """

    name: str
    title: str
    source: Source
    recipes: Names = Field(min_length=1)
    needs: Names = ()
    protocol: Published
    margin: Margin
    rows: tuple[Line, ...] = Field(min_length=1)
    settings: tuple[Setting, ...] = ()
    remarks: Names = ()

    @property
    def metrics(self) -> list[str]:
        """The metrics of its rows, each once."""
        return list(dict.fromkeys(m for line in self.rows for m in line.scores))


def same(one: Json, other: Json) -> bool:
    """Whether two settings are alike: numbers to a thousandth, a list of one as what it holds.

    >>> same(2.65926, 2.6593), same([1234], 1234), same(True, 1)
    (True, True, False)
    """
    one, other = (v[0] if isinstance(v, list) and len(v) == 1 else v for v in (one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-3)
    return bool(one == other)


def shipped_targets() -> dict[str, Path]:
    """The targets that come with mertk, by name."""
    return shipped("benchmarks/targets", "mertk_targets")


def read_target(name: str) -> Target:
    """Read a target by path or by the name of a shipped one.

    Raises:
        MertkError: There is none, or it is not a YAML mapping.
        RecipeError: With every fault of it.
    """
    _, content = read_mapping(name, shipped_targets(), "target")
    try:
        return Target.model_validate_json(json.dumps(content), strict=True)
    except ValidationError as error:
        raise RecipeError(name, [_fault(e) for e in error.errors(include_url=False)]) from None


def _fault(error: Any) -> Fault:
    known = {"extra_forbidden": "there is no such key", "missing": "is missing"}
    return Fault(join("", error["loc"]), known.get(error["type"]) or explain(error))
