"""Macro F1."""

from sklearn.metrics import f1_score

from mertk_plugins.metrics._confusion import Counts, f1s, mean_over_present
from mertk_plugins.metrics._predictions import Array, mean_over_classes


class MacroF1:
    """F1 averaged over classes, whatever their sizes.

        F1_c = 2 TP_c / (2 TP_c + FP_c + FN_c),  score = mean over c of  F1_c

    The mean runs over the classes that occur among the labels.

    Source: scikit-learn, `f1_score(average="macro")`.
    Differs: scikit-learn counts a class that is predicted but does not occur as 0.

    Raises:
        ValueError: There are no clips, shapes or indices do not fit, or a score is not finite.
    """

    higher_is_better = True
    bounds = (0.0, 1.0)

    def __call__(self, labels: Array, scores: Array) -> float:
        """The score of [B] class indices against [B, N] scores, from 0 to 1."""
        return mean_over_classes(f1_score, labels, scores)

    def from_confusion(self, counts: Counts) -> Counts:
        """The scores [...] of confusion matrices [..., N, N]."""
        return mean_over_present(f1s(counts), counts)
