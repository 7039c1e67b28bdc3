"""Whether a system may have met its test clips before it was trained: in an encoder's weights."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from mertk.contracts import Declaring, Pretraining
from mertk.letters import visible
from mertk.resolved import Resolved

Json = Any
Declared = Mapping[str, Mapping[str, Json]]
"""By stream: `use`, `weights`, `corpora`, `known` and `note`, as each trial keeps them."""


def declared(resolved: Resolved) -> dict[str, dict[str, Json]]:
    """What each encoder of a recipe was pre-trained on, as it and the recipe say; builds none."""
    found = {}
    for name, spec in resolved.recipe.encoders.items():
        component: Any = resolved.parts[f"encoders.{name}"].component
        said = _said(component, spec.arguments)
        found[name] = {
            "use": spec.use.rpartition("/")[2],
            "weights": said.weights,
            "corpora": list(dict.fromkeys([*said.corpora, *spec.pretrained_on])),
            "known": said.complete,
            "note": said.note,
        }
    return found


def _said(component: Any, arguments: Mapping[str, Json]) -> Pretraining:
    if not isinstance(component, Declaring):
        return Pretraining(note="it does not say")
    try:
        return _held(component.pretraining(arguments))
    except (Exception, SystemExit) as error:  # a stranger's code, on which no score depends
        return Pretraining(
            note=visible(f"its `pretraining` fails: {type(error).__name__}: {error}")
        )


def _held(said: Any) -> Pretraining:
    """What an encoder says, seen to be of the form that is kept.

    Raises:
        TypeError: It is not.
    """
    if not isinstance(said, Pretraining):
        raise TypeError(f"it says a {type(said).__name__}, no Pretraining")
    corpora: Any = said.corpora
    texts = [*corpora, said.note, said.weights]
    if isinstance(corpora, str) or not all(isinstance(text, str) for text in texts):
        raise TypeError(f"corpora must be several texts, note and weights one each ({said})")
    return replace(
        said,
        corpora=tuple(map(visible, corpora)),
        complete=said.complete is True,
        note=visible(said.note),
        weights=visible(said.weights),
    )


def contaminated(corpus: str, encoders: Declared) -> list[str]:
    """The streams whose encoder was pre-trained on a corpus."""
    name = _plain(corpus)
    return [s for s, said in encoders.items() if name and name in map(_plain, said["corpora"])]


def unknown(corpus: str, encoders: Declared) -> list[str]:
    """The other streams of which nobody can tell."""
    tested = contaminated(corpus, encoders)
    return [s for s, said in encoders.items() if s not in tested and not said["known"]]


def notices(corpus: str, encoders: Declared) -> Iterator[str]:
    """What a reader of a table has to know.

    Args:
        corpus: The name of the corpus that is tested on, '' where it has none.
        encoders: What was declared.
    """
    for stream in contaminated(corpus, encoders):
        who = _who(stream, encoders[stream])
        yield f"contaminated: {who} was pre-trained on {corpus}, the corpus it is tested on"
    if open_ones := unknown(corpus, encoders):
        told = "; ".join(_who(s, encoders[s], why=True) for s in open_ones)
        yield f"unknown whether test clips were in the pre-training of {told}"
    listed = [s for s, said in encoders.items() if said["corpora"]]
    if listed and not corpus:
        told = ", ".join(_who(s, encoders[s]) for s in listed)
        yield (
            "the test corpus has no name that can be looked for in the pre-training of "
            f"{told}; dataset.corpus gives it one"
        )


def _who(stream: str, said: Mapping[str, Json], *, why: bool = False) -> str:
    names = [said["use"], *([said["weights"]] if said["weights"] else [])]
    note = f": {said['note']}" if why and said["note"] else ""
    return f"{stream} ({', '.join(names)}{note})"


def _plain(name: str) -> str:
    """A corpus's name without what people write differently: `MSP-Podcast`, `msp podcast`."""
    return "".join(letter for letter in name.casefold() if letter.isalnum()) or name
