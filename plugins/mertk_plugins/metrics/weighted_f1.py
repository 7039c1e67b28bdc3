"""Weighted F1."""

from sklearn.metrics import f1_score

from mertk_plugins.metrics._confusion import Counts, f1s
from mertk_plugins.metrics._predictions import Array, predictions


class WeightedF1:
    """F1 averaged over classes, each weighted by its number of clips; usual on MELD.

        F1_c = 2 TP_c / (2 TP_c + FP_c + FN_c),  score = sum over c of  (clips of c / clips) F1_c

    A class that does not occur among the labels has no weight.

    Source: scikit-learn, `f1_score(average="weighted")`.

    Raises:
        ValueError: There are no clips, shapes or indices do not fit, or a score is not finite.
    """

    higher_is_better = True
    bounds = (0.0, 1.0)

    def __call__(self, labels: Array, scores: Array) -> float:
        """The score of [B] class indices against [B, N] scores, from 0 to 1."""
        return float(f1_score(*predictions(labels, scores), average="weighted"))

    def from_confusion(self, counts: Counts) -> Counts:
        """The scores [...] of confusion matrices [..., N, N]."""
        clips = counts.sum(-1)
        weighted: Counts = (f1s(counts) * clips).sum(-1) / clips.sum(-1)
        return weighted
