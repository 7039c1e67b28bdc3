"""Is everything there that was published?"""

from collections.abc import Iterator

from mertk.doctor.findings import Examined, Finding


def incomplete(examined: Examined) -> Iterator[Finding]:
    """The dataset refused this copy as a whole."""
    if examined.corpus.incomplete:
        yield Finding(examined.corpus.incomplete)


def counts(examined: Examined) -> Iterator[Finding]:
    """Another number of something than was published."""
    for count in examined.corpus.counts:
        if count.found != count.published:
            yield Finding(
                f"{count.what}: {count.found}, published are {count.published}", tuple(count.absent)
            )
