"""The recipe as given, and the recipe with something left out or swapped."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from mertk.audit import idle, sort_out
from mertk.check import resolve
from mertk.draft import Draft
from mertk.errors import Fault, MertkError, PluginError, RecipeError
from mertk.recipe import Ablation
from mertk.registry import Registry
from mertk.resolved import Resolved

FULL = "full"
Json = Any


@dataclass(frozen=True)
class Variant:
    """One row of an ablation.

    Args:
        name: `full`, or what was changed.
        resolved: The checked recipe.
        note: What a reader has to know about the change; may be ''.
    """

    name: str
    resolved: Resolved
    note: str = ""


@dataclass(frozen=True)
class Edit:
    """A change to a recipe.

    Args:
        name: Names the variant.
        without: Parts that are left out.
        swap: Part -> the component in its place.
        set: Dotted path -> value.
    """

    name: str
    without: tuple[str, ...] = ()
    swap: Mapping[str, Json] = field(default_factory=dict)
    set: Mapping[str, Json] = field(default_factory=dict)

    @property
    def touches(self) -> frozenset[str]:
        """The parts it changes."""
        return frozenset((*self.without, *self.swap, *self.set))

    @property
    def gives(self) -> list[str]:
        """Dotted paths that it gives a value."""
        swapped = [f"{at}{name}" for name in self.swap for at in ("", "encoders.", "tasks.")]
        return [*self.set, *swapped]

    def apply(self, draft: Draft, registry: Registry) -> tuple[Draft, str]:
        """The changed draft, and what a reader has to know about it."""
        changed = draft.swap(self.swap)
        for path, value in self.set.items():
            changed = changed.assign(path, value)
        return _leave_out(changed, self.without, registry)


def edits_from(without: Iterable[str], swaps: Iterable[str], *, grid: bool) -> list[Edit]:
    """The edits that the command line asks for, each alone or (grid) in every combination.

    Args:
        without: Names of parts; several joined by commas are left out together.
        swaps: `PART=NAME`.
        grid: Whether to combine them.

    Raises:
        MertkError: A swap is not of that form.
    """
    edits = [_without(names) for names in without] + [_swap(text) for text in swaps]
    if not grid:
        return edits
    several = (c for n in range(1, len(edits) + 1) for c in combinations(edits, n))
    return [_together(c) for c in several if len(_touched(c)) == sum(len(e.touches) for e in c)]


def edits_of(ablations: Mapping[str, Ablation]) -> list[Edit]:
    """The edits under `ablations:` of a recipe."""
    return [Edit(name, a.without, a.swap, a.set) for name, a in ablations.items()]


def variants(draft: Draft, edits: Sequence[Edit], registry: Registry) -> list[Variant]:
    """The full recipe, then each edit applied to it.

    Raises:
        RecipeError: With the faults of every variant.
        MertkError: An edit changes nothing, or two variants are the same.
    """
    full = resolve(draft, registry)
    found = idle(draft.content, full)
    faults, note = sort_out(found, _idle_as_written(draft, found, registry), draft.touched)
    made = [Variant(FULL, full, note)]
    for edit in edits:
        try:
            changed, note = edit.apply(draft, registry)
            resolved = resolve(changed, registry)
            new = [f for f in idle(changed.content, resolved) if f not in found]
            wrong, aside = sort_out(new, [], edit.gives)
            made.append(Variant(edit.name, resolved, "; ".join(n for n in (note, aside) if n)))
            faults += [Fault(f"{edit.name}: {f.where}", f.what) for f in wrong]
            faults += _beyond(made[-1], made[0])
        except RecipeError as error:
            faults += [Fault(f"{edit.name}: {f.where}", f.what) for f in error.faults]
        except MertkError as error:  # it cannot be applied
            where, _, what = str(error).partition(": ")
            faults.append(Fault(where if where == edit.name else f"{edit.name}: {where}", what))
    if faults:
        raise RecipeError(draft.source, faults)
    _refuse_copies(made)
    return made


def _idle_as_written(draft: Draft, found: list[Fault], registry: Registry) -> list[Fault]:
    """What of a recipe is idle before `--set`; where that is no recipe yet, what is idle after."""
    if draft.written is None or not found:
        return found
    try:
        before = resolve(Draft(draft.source, draft.base, draft.written), registry)
    except RecipeError:
        return found
    return idle(draft.written, before)


def _beyond(variant: Variant, full: Variant) -> list[Fault]:
    """What a variant may not change: its trials are those of the full recipe."""
    own, other = variant.resolved.recipe, full.resolved.recipe
    shared = {
        "name": (own.name, other.name),
        "dataset": (own.dataset, other.dataset),
        "metrics": (own.metrics, other.metrics),
        "train.seeds": (own.train.seeds, other.train.seeds),
    }
    what = "variants share this with the full recipe; use --set, or a recipe of its own"
    return [Fault(f"{variant.name}: {w}", what) for w, (a, b) in shared.items() if a != b]


def _refuse_copies(made: Iterable[Variant]) -> None:
    seen: dict[str, str] = {}
    names: set[str] = set()
    for variant in made:
        if variant.name in names:
            raise MertkError(f"{variant.name!r}: two variants have this name; choose another")
        names.add(variant.name)
        known = seen.setdefault(variant.resolved.fingerprint, variant.name)
        if known != variant.name:
            raise MertkError(f"{variant.name}: is the same recipe as {known!r}; leave one out")


def _without(names: str) -> Edit:
    named = tuple(n.strip() for n in names.split(",") if n.strip())
    if not named:
        raise MertkError("--without: expected the name of a part, such as mem")
    return Edit(f"without {', '.join(named)}", without=named)


def _swap(text: str) -> Edit:
    part, equals, other = text.partition("=")
    if not (equals and part and other):
        raise MertkError(f"--swap {text}: expected PART=NAME, such as fusion=concat")
    return Edit(text, swap={part: other})


def _together(edits: Sequence[Edit]) -> Edit:
    return Edit(
        name=" + ".join(e.name for e in edits),
        without=tuple(n for e in edits for n in e.without),
        swap={k: v for e in edits for k, v in e.swap.items()},
    )


def _touched(edits: Iterable[Edit]) -> frozenset[str]:
    return frozenset().union(*(e.touches for e in edits))


def _leave_out(draft: Draft, names: Sequence[str], registry: Registry) -> tuple[Draft, str]:
    """Leave parts out together.

    A task that a remaining one depends on stays for what it provides, and only its loss goes: its
    weight becomes 0, and the note says so.
    """
    left = draft.without(names)
    before, after = (d.content.get("tasks") or {} for d in (draft, left))
    kept: dict[str, list[str]] = {}
    for name in (n.removeprefix("tasks.") for n in names):
        users = _users(name, before, after, draft, registry)
        if users:
            kept[name] = users
    tasks = {
        key: {**_mapping(spec), "weight": 0} if key in kept else spec
        for key, spec in before.items()
        if key in after or key in kept
    }
    notes = [f"{k}: its loss is left out; {', '.join(u)} still reads it" for k, u in kept.items()]
    return replace(left, content={**left.content, "tasks": tasks}), "; ".join(notes)


def _users(
    name: str,
    before: Mapping[str, Json],
    after: Mapping[str, Json],
    draft: Draft,
    registry: Registry,
) -> list[str]:
    """Remaining tasks that need what only the task `name` provided."""
    if name not in before:
        return []
    provided = _declared(before[name], "provides", draft, registry)
    for spec in after.values():
        provided -= _declared(spec, "provides", draft, registry)
    return [k for k, s in after.items() if _declared(s, "requires", draft, registry) & provided]


def _declared(spec: Json, attribute: str, draft: Draft, registry: Registry) -> set[str]:
    try:
        task = registry.find("tasks", str(_mapping(spec).get("use")), draft.base).load()
    except PluginError:
        return set()  # told as a fault when the variant is checked
    return set(getattr(task, attribute, ()))


def _mapping(spec: Json) -> dict[str, Json]:
    return {"use": spec} if isinstance(spec, str) else spec if isinstance(spec, dict) else {}
