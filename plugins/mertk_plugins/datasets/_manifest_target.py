"""What a manifest's arguments may say of what is predicted."""

from collections.abc import Sequence

from mertk.contracts import TargetKind
from mertk_plugins.datasets._cells import COLUMNS


def check_outputs(target: TargetKind, classes: Sequence[str] | None, unlisted: str) -> None:
    """Check the manifest's arguments of that name.

    Raises:
        ValueError: They do not go together.
    """
    if classes is not None and len(set(classes)) != len(classes):
        raise ValueError(f"classes: a name stands twice ({classes}); each class once")
    if target != "classes":
        if not classes:
            raise ValueError(f"classes: name the columns that hold the {target} ({classes})")
        if taken := [name for name in classes if name in COLUMNS]:
            raise ValueError(f"classes: a column of another meaning ({taken[0]!r}); rename yours")
        if unlisted == "drop":
            raise ValueError(f"unlisted: 'drop' is of use for classes only, not for {target}")
        return
    if classes is not None and len(classes) < 2:
        raise ValueError(f"classes: fewer than two ({classes}); nothing to tell apart")
    if unlisted == "drop" and classes is None:
        raise ValueError("unlisted: 'drop' needs `classes` to tell what is listed")
