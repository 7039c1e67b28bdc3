"""Intervals of scores and tests of differences: paired by clip, fold and seed."""

from mertk.stats.design import Design, design
from mertk.stats.equivalence import Equality, Equivalence, equivalence
from mertk.stats.friedman import Ranking, friedman
from mertk.stats.holm import holm
from mertk.stats.infer import Bootstrap, Interval
from mertk.stats.intervals import interval
from mertk.stats.mcnemar import McNemar, mcnemar
from mertk.stats.nadeau_bengio import CorrectedT, nadeau_bengio
from mertk.stats.paired import Difference, difference
from mertk.stats.verdict import Verdict, verdict

__all__ = [
    "Bootstrap",
    "CorrectedT",
    "Design",
    "Difference",
    "Equality",
    "Equivalence",
    "Interval",
    "McNemar",
    "Ranking",
    "Verdict",
    "design",
    "difference",
    "equivalence",
    "friedman",
    "holm",
    "interval",
    "mcnemar",
    "nadeau_bengio",
    "verdict",
]
