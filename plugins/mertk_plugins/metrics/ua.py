"""UA, unweighted accuracy."""

from sklearn.metrics import recall_score

from mertk_plugins.metrics._confusion import Counts, mean_over_present, recalls
from mertk_plugins.metrics._predictions import Array, mean_over_classes


class UA:
    """Unweighted accuracy: the mean over classes of recall, whatever their sizes.

        UA = mean over classes c of  (clips of c that are predicted as c) / (clips of c)

    Also called balanced accuracy and unweighted average recall (UAR). The mean runs over the
    classes that occur among the labels.

    Source: Schuller et al., "The INTERSPEECH 2009 Emotion Challenge", Interspeech 2009.

    Raises:
        ValueError: There are no clips, shapes or indices do not fit, or a score is not finite.
    """

    higher_is_better = True
    bounds = (0.0, 1.0)

    def __call__(self, labels: Array, scores: Array) -> float:
        """The score of [B] class indices against [B, N] scores, from 0 to 1."""
        return mean_over_classes(recall_score, labels, scores)

    def chance(self, num_classes: int) -> float:
        """What guessing comes to: the recalls of all classes add up to 1 whatever is guessed."""
        return 1 / num_classes

    def from_confusion(self, counts: Counts) -> Counts:
        """The scores [...] of confusion matrices [..., N, N]."""
        return mean_over_present(recalls(counts), counts)
