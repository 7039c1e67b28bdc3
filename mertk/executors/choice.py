"""What the command line says about where trials are conducted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mertk.errors import MertkError, did_you_mean

IN_TURN, PROCESSES, RAY, SLURM = "here", "processes", "ray", "slurm"
NAMES: Final = (IN_TURN, PROCESSES, RAY, SLURM)
RESOURCES: Final = ("cpu", "gpu", "memory")
EXAMPLES: Final = {"--resources": "cpu=2", "--slurm": "partition=gpu"}


@dataclass(frozen=True)
class Choice:
    """Where trials are conducted, and what each is given.

    Args:
        executor: One of `NAMES`.
        jobs: How many trials at once; None leaves it to the executor.
        resources: Of each trial: `cpu` cores, `gpu` devices (parts of one on Ray), `memory` in GB.
        slurm: What else a scheduler is told, such as `partition`.
    """

    executor: str = IN_TURN
    jobs: int | None = None
    resources: Mapping[str, float] = field(default_factory=dict)
    slurm: Mapping[str, str] = field(default_factory=dict)

    @property
    def cores(self) -> int:
        """Threads of each trial, where trials have a share of their own."""
        return max(1, int(self.resources.get("cpu", 1)))


HERE: Final = Choice()


def choose(
    executor: str | None, jobs: int | None, resources: str | None, slurm: str | None
) -> Choice:
    """Read what the command line says; `--jobs` alone means processes, `--slurm` a scheduler.

    Raises:
        MertkError: It contradicts itself, or names what there is not.
    """
    if jobs is not None and jobs < 1:
        raise MertkError(f"--jobs {jobs}: expected a number from 1 up")
    told = pairs(slurm, "--slurm")
    name = executor or (SLURM if slurm else PROCESSES if jobs and jobs > 1 else IN_TURN)
    if slurm and name != SLURM:
        raise MertkError(f"--slurm: is for a scheduler, not for --executor {name}; leave one out")
    if name == IN_TURN and jobs and jobs > 1:
        raise MertkError(f"--jobs {jobs}: --executor here takes one at a time; leave it out")
    if resources and name not in (RAY, SLURM):
        raise MertkError(
            f"--resources: are for --executor ray or slurm, not {name}; --jobs N shares this "
            "machine's cores among N processes"
        )
    return Choice(name, jobs, _amounts(pairs(resources, "--resources")), told)


def _amounts(told: Mapping[str, str]) -> dict[str, float]:
    found = {}
    for key, text in told.items():
        if key not in RESOURCES:
            raise MertkError(f"--resources: there is no {key!r}{did_you_mean(key, RESOURCES)}")
        try:
            found[key] = float(text)
        except ValueError:
            found[key] = -1.0
        if not 0 < found[key] < float("inf"):
            raise MertkError(f"--resources {key}={text}: expected a number above 0")
        if key == "cpu" and found[key] % 1:
            raise MertkError(f"--resources cpu={text}: expected whole cores")
    return found


def pairs(text: str | None, option: str) -> dict[str, str]:
    """`a=1,b=2` as a mapping.

    Raises:
        MertkError: It is not of this form.
    """
    found: dict[str, str] = {}
    for part in (text or "").split(","):
        key, equals, value = (p.strip() for p in part.partition("="))
        if not part.strip():
            continue
        if not (key and equals and value):
            such = f"expected NAME=VALUE, such as {EXAMPLES[option]}"
            raise MertkError(f"{option} {part.strip()}: {such}")
        if key in found:
            raise MertkError(f"{option}: {key} stands twice; leave one out")
        found[key] = value
    return found
