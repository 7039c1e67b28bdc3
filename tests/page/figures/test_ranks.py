"""The critical-difference diagram of Demsar's example."""

import pytest

from mertk.page.figures import critical_difference
from mertk.stats import Ranking
from tests.page.figures.reading import line, marked, texts, written

# Demsar 2006, Table 6 and Figure 1 (a): C4.5 and its three variants on 14 data sets.
NAMES = ["C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"]
RANKING = Ranking((3.143, 2.0, 2.893, 1.964), 9.28, 0.026, critical=1.25, groups=((3, 1, 2, 0),))


def test_stems_bars_and_ruler_share_the_scale_of_ranks() -> None:
    picture = critical_difference(NAMES, RANKING)
    stems = [line(stem)[0][0] for stem in marked(picture, "stem")]
    ranks = sorted(RANKING.ranks)
    unit = (stems[-1] - stems[0]) / (ranks[-1] - ranks[0])
    assert stems == pytest.approx([stems[0] + unit * (r - ranks[0]) for r in ranks], abs=0.01)
    (a, _), (b, _) = line(marked(picture, "cd")[0])
    assert (b - a) / unit == pytest.approx(1.25, abs=0.001)
    (a, _), (b, _) = line(marked(picture, "bar")[0])
    assert (a + 3, b - 3) == pytest.approx((stems[0], stems[-1]), abs=0.01)


def test_names_stand_from_best_to_worst_with_their_ranks() -> None:
    picture = critical_difference(NAMES, RANKING)
    assert written(picture, "name") == ["C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"]
    assert {"1.96", "2.00", "2.89", "3.14", "critical difference 1.25"} <= set(texts(picture))
    assert picture.alt == (
        "Mean ranks from best to worst: C4.5+m+cf 1.96, C4.5+m 2.00, C4.5+cf 2.89, C4.5 3.14; "
        "critical difference 1.25; not told apart: C4.5+m+cf to C4.5."
    )


def test_without_a_critical_difference_it_says_why() -> None:
    picture = critical_difference(["a", "b"], Ranking((1.0, 2.0), reason="one corpus"))
    assert not marked(picture, "bar")
    assert not marked(picture, "cd")
    assert "one corpus" in texts(picture)
    assert "no critical difference: one corpus" in picture.alt


def test_one_system_is_drawn_and_none_is_refused() -> None:
    assert written(critical_difference(["a"], Ranking((1.0,))), "name") == ["a"]
    with pytest.raises(ValueError, match="0 do not name 0"):
        critical_difference([], Ranking(()))
    with pytest.raises(ValueError, match="1 do not name 2"):
        critical_difference(["a"], Ranking((1.0, 2.0)))
