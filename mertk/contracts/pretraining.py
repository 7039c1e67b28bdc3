"""What an encoder's weights were made from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pretraining:
    """What weights were trained on before a recipe meets them, as far as published.

    Args:
        corpora: Names of corpora as they call themselves, such as `LibriSpeech`.
        complete: Whether that is all of it. Data that nobody can look through, such as pages of the
            web that are not listed, leave it open whether a test clip is among them.
        note: What more is known, such as `680,000 hours of web audio, not listed`.
        weights: Which weights, as the recipe names them; '' where an encoder has just one.
    """

    corpora: tuple[str, ...] = ()
    complete: bool = False
    note: str = ""
    weights: str = ""
