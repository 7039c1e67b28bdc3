"""Seeds: one for each place, and no generator moves but the one that is drawn from."""

from hypothesis import given
from hypothesis import strategies as st
from torch import default_generator, equal, manual_seed, rand

from mertk.seeds import derive, drawing

SEEDS = st.integers(0, 2**63 - 1)


@given(SEEDS, st.sampled_from(["fusion", "head", "tasks.mem"]), st.integers(1, 99))
def test_a_seed_is_of_its_place_and_fits_every_generator(
    seed: int, place: str, number: int
) -> None:
    own = derive(seed, place, number)
    assert own == derive(seed, place, number)
    assert 0 <= own < 2**63
    others = (derive(seed, place, number + 1), derive(seed, place), derive(seed + 1, place, number))
    assert own not in others
    default_generator.manual_seed(own)


def test_drawing_from_a_seed_leaves_the_programs_random_numbers_alone() -> None:
    manual_seed(3)
    expected = rand(2)
    manual_seed(3)
    with drawing(7):
        first = rand(2)
    assert equal(rand(2), expected)
    with drawing(7):
        assert equal(rand(2), first)


def test_drawing_reseeds_no_accelerator(monkeypatch) -> None:
    monkeypatch.setattr("torch.cuda.manual_seed_all", lambda _: 1 / 0)
    with drawing(7):
        rand(1)
