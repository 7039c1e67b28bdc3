"""WA, weighted accuracy."""

from sklearn.metrics import accuracy_score

from mertk_plugins.metrics._confusion import Counts
from mertk_plugins.metrics._predictions import Array, predictions


class WA:
    """Weighted accuracy: the share of clips that are right, that is, plain accuracy.

        WA = (clips whose predicted class is their label) / (clips)

    Equals recall averaged over classes weighted by their sizes, hence its name. A class that does
    not occur has no weight.

    Source: Schuller et al., "The INTERSPEECH 2009 Emotion Challenge", Interspeech 2009.

    Raises:
        ValueError: There are no clips, shapes or indices do not fit, or a score is not finite.
    """

    higher_is_better = True
    bounds = (0.0, 1.0)

    def __call__(self, labels: Array, scores: Array) -> float:
        """The score of [B] class indices against [B, N] scores, from 0 to 1."""
        return float(accuracy_score(*predictions(labels, scores)))

    def from_confusion(self, counts: Counts) -> Counts:
        """The scores [...] of confusion matrices [..., N, N]."""
        right: Counts = counts.trace(axis1=-2, axis2=-1) / counts.sum((-2, -1))
        return right
