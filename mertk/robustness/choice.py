"""Which conditions a recipe can be put under, and why not under the others."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mertk.contracts import Clip
from mertk.errors import MertkError, did_you_mean
from mertk.robustness.absence import FEATURES, absences, grouped
from mertk.robustness.condition import Condition
from mertk.robustness.conditions import CONDITIONS

WORDS = {"audio": "sound", "video": "pictures", "text": "words"}


@dataclass(frozen=True)
class Inapplicable:
    """A condition that a recipe cannot be put under.

    Args:
        name: Of the condition.
        reason: Why.
    """

    name: str
    reason: str


def names() -> list[str]:
    """What can be chosen."""
    return [condition.name for condition in CONDITIONS] + ["without", "missing"]


def refuse_unknown(chosen: Collection[str]) -> None:
    """Refuse names of conditions that there are not.

    Raises:
        MertkError: Naming the first, and the nearest.
    """
    for name in chosen:
        if name not in names():
            hint = did_you_mean(name, names())
            raise MertkError(f"--conditions: there is no condition {name!r}{hint}")


def choose(
    modalities: Mapping[str, str], clips: Sequence[Clip], chosen: Collection[str] = ()
) -> tuple[list[Condition], list[Inapplicable]]:
    """The chosen conditions that apply, and those that do not.

    Args:
        modalities: What each stream's encoder reads.
        clips: Those that are scored.
        chosen: First words of their names; all where none is given.
    """
    groups = grouped(modalities)
    missing = absences(list(groups)) if len(groups) > 1 else []
    every = [*CONDITIONS, *missing]
    wanted = [c for c in every if not chosen or c.name.split()[0] in chosen]
    reasons = {c.name: _reason(c, modalities, clips) for c in wanted}
    if len(groups) < 2:
        only = f"there is nothing but {next(iter(groups))}"
        reasons |= {name: only for name in ("without", "missing") if not chosen or name in chosen}
    return (
        [c for c in wanted if not reasons[c.name]],
        [Inapplicable(name, reason) for name, reason in reasons.items() if reason],
    )


def _reason(condition: Condition, modalities: Mapping[str, str], clips: Sequence[Clip]) -> str:
    """Why a condition does not apply; '' where it does."""
    unread = sorted(condition.reads - set(modalities.values()))
    if unread:
        told = " or ".join(WORDS.get(name, name) for name in unread)
        # A stream of features may be of any modality, unless its name says another one.
        others = WORDS.keys() - set(unread)
        looked_up = [s for s, of in modalities.items() if of == FEATURES and s not in others]
        if looked_up:
            which = f"{', '.join(looked_up)} {'is' if len(looked_up) == 1 else 'are'}"
            return f"not applicable (features): no encoder reads {told}; {which} looked up"
        return f"no encoder reads {told}"
    if condition.reads and all(condition.alter(c, condition.levels[-1]) == c for c in clips):
        return condition.idle
    return ""
