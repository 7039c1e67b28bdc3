"""Tables keep what stands in their cells, whatever it is, in every form."""

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mertk.page.tabular import csv_text, latex, markdown, scores_csv, tex
from mertk.report import Table
from tests.page.made import made_run, sorted_out

cells = st.text(max_size=20)
rows = st.lists(st.tuples(cells, cells), min_size=1, max_size=4)


@given(rows)
def test_csv_is_read_back_as_it_was(rows) -> None:
    text = csv_text(Table(["a", "b"], rows))
    assert [tuple(r) for r in csv.reader(io.StringIO(text, newline=""))] == [("a", "b"), *rows]


@given(rows)
def test_every_row_of_markdown_has_its_columns_and_one_line(rows) -> None:
    lines = markdown(Table(["a", "b"], rows), "caption").split("\n")[2:-1]
    assert len(lines) == 2 + len(rows)
    for line in lines:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 3


@given(cells)
def test_latex_has_no_letter_left_that_means_something(text: str) -> None:
    named = "backslash|asciitilde|asciicircum|less|greater|bar"
    plain = re.sub(rf"\\text({named})\{{\}}", "", tex(text))
    plain = re.sub(r"\$(\\pm|\\Delta|\\times|-)\$", "", plain)
    assert not re.search(r"(?<!\\)[&%$#_{}~^\\<>|](?![&%$#_{}])", plain)


def test_no_letter_is_left_that_latex_stops_at() -> None:
    assert tex("a\x00\x1bb\u202ec\x7f") == (
        r"a\textbackslash{}x00\textbackslash{}x1bb\textbackslash{}u202ec\textbackslash{}x7f"
    )


@pytest.mark.parametrize("name", ["[2pt]", "*"])
def test_a_latex_row_is_no_argument_of_the_line_before(name: str) -> None:
    """Behind a line's end LaTeX takes `*` and `[` for its own, over line breaks too."""
    text = latex(Table(["a", "b"], [["x", "y"], [name, "*"]]), "c")
    assert f"\n{{}}{name} & * \\\\" in text


def test_a_latex_table_is_booktabs_and_aligned() -> None:
    table = Table(["system", "UA", "verdict"], [["a_b", ".8 ± .1", "better"]], left=("verdict",))
    assert latex(table, "Δ & all") == (
        "\\begin{table}\n\\centering\n\\caption{$\\Delta$ \\& all}\n\\begin{tabular}{lrl}\n"
        "\\toprule\nsystem & UA & verdict \\\\\n\\midrule\na\\_b & .8 $\\pm$ .1 & better \\\\\n"
        "\\bottomrule\n\\end{tabular}\n\\end{table}\n"
    )


def test_every_score_of_every_trial_is_in_the_long_table(tmp_path: Path) -> None:
    made_run(tmp_path, "one")
    made_run(tmp_path, "one", fingerprint="1" * 12, variant="no mem")
    (board,) = sorted_out(tmp_path)
    told = list(csv.DictReader(io.StringIO(scores_csv(board))))
    assert len(told) == 2 * 6 * 3 * 2, "systems, trials, picks, metrics"
    assert {t["system"] for t in told} == {"one", "one: no mem"}
    row = board.systems[0].row
    for line in (t for t in told if t["system"] == "one" and t["pick"] == "selected"):
        key = (line["fold"], int(line["seed"]))
        assert float(line["value"]) == pytest.approx(row.metrics[line["metric"]][key])
