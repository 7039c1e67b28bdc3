"""In this process, one after the other."""

from collections.abc import Callable, Generator, Iterator, Mapping

from mertk.console import Screen
from mertk.executors.bench import Bench
from mertk.executors.jobs import Job, Result
from mertk.executors.shared import Shared
from mertk.variants import Variant


class Here:
    """An `Executor`.

    Args:
        variants: By name.
        screen: Shows the epochs of the trial that is under way.
    """

    def __init__(self, variants: Mapping[str, Variant], screen: Screen) -> None:
        self.variants, self.screen = variants, screen

    def conduct(
        self, jobs: Iterator[Job], shared: Callable[[], Shared]
    ) -> Generator[tuple[Job, Result]]:
        """As in `Executor`."""
        bench: Bench | None = None
        for job in jobs:
            bench = bench or Bench(shared(), self.variants)
            epochs = self.variants[job.variant].resolved.recipe.train.epochs
            with self.screen.bar(job.label, epochs) as advance:
                result = bench.attempt(job, advance)
            yield job, result
