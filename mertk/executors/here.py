"""In this process, one after the other."""

from collections.abc import Callable, Generator, Iterator, Mapping

from mertk.console import Screen
from mertk.executors.bench import Bench
from mertk.executors.jobs import Job, Result
from mertk.executors.shared import Shared
from mertk.train.team import ALONE, Team
from mertk.variants import Variant


class Here:
    """An `Executor`.

    Args:
        variants: By name.
        screen: Shows the epochs of the trial that is under way.
        team: The processes that train each trial together, of which this is the main one.
    """

    def __init__(self, variants: Mapping[str, Variant], screen: Screen, team: Team = ALONE) -> None:
        self.variants, self.screen, self.team = variants, screen, team

    def conduct(
        self, jobs: Iterator[Job], shared: Callable[[], Shared]
    ) -> Generator[tuple[Job, Result]]:
        """As in `Executor`."""
        bench: Bench | None = None
        for job in jobs:
            bench = bench or Bench(shared(), self.variants, self.team)
            epochs = self.variants[job.variant].resolved.recipe.train.epochs
            self.team.call(job.key)
            with self.screen.bar(job.label, epochs) as advance:
                result = bench.attempt(job, advance)
            yield job, result
