"""What metrics are given, checked."""

from mertk.describe.arrays import Array, predictions, probabilities

__all__ = ["Array", "predictions", "probabilities"]
