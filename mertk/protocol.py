"""What a score is of: classes, folds, exact clips, and the rule that picks the epoch.

Two scores may stand side by side only where they are of one protocol, so each has an id that holds
a digest of all that, such as `iemocap-4c-5f@3f2a91c0`: 4 classes (c; dimensions: d, labels: l) and
5 folds.
"""

from collections.abc import Iterable, Mapping, Sequence

from mertk.contracts import Clip, Fold
from mertk.errors import MertkError
from mertk.recipe import Select, digest
from mertk.target import Target


def protocol_id(
    dataset: str, target: Target, clips: Sequence[Clip], folds: Sequence[Fold], rule: Select
) -> str:
    """The id of a protocol.

    Args:
        dataset: As recipes say it after `use:`; only its last part is told.
        target: What is predicted: for example its classes in the order of their indices.
        clips: Every clip, with its labels.
        folds: All of them, whichever are run.
        rule: Picks the epoch.
    """
    label = {clip.id: target.told(clip) for clip in clips}
    parts = [
        [fold.name, *([(i, label[i]) for i in sorted(part)] for part in _parts(fold))]
        for fold in folds
    ]
    content = digest([list(target.names), parts, rule.model_dump(mode="json")])[:8]
    name = dataset.rpartition(":")[2]
    return f"{name}-{len(target.names)}{target.letter}-{len(folds)}f@{content}"


def _parts(fold: Fold) -> tuple[Iterable[str], ...]:
    return fold.train, fold.valid, fold.test


def refuse_mixed(protocols: Mapping[str, Iterable[str]]) -> None:
    """Refuse to put scores of different protocols side by side.

    Args:
        protocols: By system, the ids of its trials.

    Raises:
        MertkError: There are several.
    """
    first: dict[str, str] = {}
    for system, ids in protocols.items():
        for one in ids:
            first.setdefault(one, system)
    if len(first) > 1:
        told = "\n  ".join(f"{system}: {one}" for one, system in first.items())
        raise MertkError(
            f"scores of different protocols do not compare:\n  {told}\n  other clips, folds, "
            "classes, or another rule that picks the epoch; --mix-protocols compares all the same"
        )
