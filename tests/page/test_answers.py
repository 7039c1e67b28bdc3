"""Each comparison is one sentence, and says no more than was found."""

from pathlib import Path

from mertk.page.answers import answers
from tests.page.made import cost, made_run, sorted_out


def said(root: Path) -> list[str]:
    return [text for board in sorted_out(root) for text in answers(board)]


def test_better_and_worse_say_by_how_much_and_how_sure(tmp_path: Path) -> None:
    made_run(tmp_path, "weak", 0.4, cost=cost(1))
    made_run(tmp_path, "strong", 0.9)
    (text,) = said(tmp_path)
    assert text.startswith("'strong' is better than 'weak': UA +.")
    assert "95% +." in text
    assert "p <.001, 6 shared trials." in text
    made_run(tmp_path, "bad", 0.1)
    assert any(t.startswith("'bad' is worse than 'weak': UA -.") for t in said(tmp_path))


def test_what_is_inside_noise_says_what_would_have_been_found(tmp_path: Path) -> None:
    made_run(tmp_path, "one", 0.7, cost=cost(1))
    made_run(tmp_path, "two", 0.701)
    (text,) = said(tmp_path)
    assert text.startswith("'two' and 'one' cannot be told apart: UA ")
    assert "would have been found with 80% probability" in text


def test_systems_without_a_common_trial_are_not_compared(tmp_path: Path) -> None:
    made_run(tmp_path, "one", seeds=(0,), cost=cost(1))
    made_run(tmp_path, "two", seeds=(1,))
    assert said(tmp_path) == ["'two' and 'one' are not compared: they share no trial."]


def test_a_system_that_is_alone_has_no_answer(tmp_path: Path) -> None:
    made_run(tmp_path, "one")
    assert said(tmp_path) == []


def test_variants_are_told_against_the_full_recipe(tmp_path: Path) -> None:
    made_run(tmp_path, "one", 0.9)
    made_run(tmp_path, "one", 0.3, fingerprint="1" * 12, variant="no mem")
    (text,) = said(tmp_path)
    assert text.startswith("'one: no mem' is worse than 'one': UA -.")
