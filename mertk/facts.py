"""What `trial.json` has to say for whoever reads a finished trial."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

SHOWN = 3
Count = Annotated[int, Field(ge=0)]
Score = float | None


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class _Clips(_Part):
    train: Count
    valid: Count
    test: Count


class _Corpus(_Part):
    title: str
    synthetic: bool
    classes: Annotated[list[str], Field(min_length=1)]
    target: Literal["classes", "dimensions", "labels"] = "classes"
    name: str | None = None
    licence: str = ""
    left_out: dict[str, str] = {}


class _Pick(_Part):
    epoch: Annotated[int, Field(ge=1)]


class _Picks(_Part):
    selected: _Pick
    last: _Pick
    test_best: _Pick


class _Select(_Part):
    by: str


class _Epoch(_Part):
    losses: dict[str, Score]
    valid: Score
    test: Score


class _Memory(_Part):
    device: Count | None = None
    process: Count | None = None


class _Cost(_Part):
    seconds: float
    parameters: Count
    memory: _Memory = _Memory()


class _Provenance(_Part):
    began: str
    device: str = ""
    packages: dict[str, str] = {}
    providers: dict[str, str] = {}
    pretrained_on: dict[str, dict[str, Any]] = {}


class Facts(_Part):
    """The keys of `trial.json` that are read again; it may hold more."""

    variant: str
    fold: str
    seed: Count
    protocol: str
    fingerprint: str
    note: str = ""
    selected_on_test: bool
    held_out: list[str] = []
    clips: _Clips
    corpus: _Corpus
    picks: _Picks
    select: _Select
    history: Annotated[list[_Epoch], Field(min_length=1)]
    cost: _Cost
    provenance: _Provenance

    @model_validator(mode="after")
    def _epochs_exist(self) -> "Facts":
        for pick in (self.picks.selected, self.picks.last, self.picks.test_best):
            if pick.epoch > len(self.history):
                raise ValueError(f"epoch {pick.epoch} was picked of {len(self.history)}")
        return self


def faults(facts: Mapping[str, Any]) -> str:
    """What is wrong with the facts of a trial, in one line; '' where nothing is."""
    try:
        Facts.model_validate(facts)
    except ValidationError as error:
        found = [f"{_where(e['loc'])}{e['msg']}" for e in error.errors(include_url=False)]
        more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        return "; ".join(found[:SHOWN]) + more
    return ""


def _where(place: tuple[int | str, ...]) -> str:
    return f"{'.'.join(map(str, place))}: " if place else ""
