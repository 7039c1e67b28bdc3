"""Files of a page: all there, none half."""

from pathlib import Path

import pytest

from mertk.errors import MertkError
from mertk.page.compose import Wishes, compose
from mertk.page.write import write
from tests.page.made import made_run, sorted_out


def test_the_page_and_every_table_in_three_forms(tmp_path: Path) -> None:
    made_run(tmp_path / "r", "one")
    boards = sorted_out(tmp_path / "r")
    page = compose(boards, Wishes("toy"))
    files = write(page, boards, tmp_path / "out")
    assert files[0] == tmp_path / "out" / "index.html"
    names = [name for name, _ in page.tables()]
    assert len(set(names)) == len(names) > 5
    expected = {f"{n}.{end}" for n in names for end in ("md", "csv", "tex")}
    tables = {f.name for f in (tmp_path / "out" / "tables").iterdir()}
    assert tables == expected | {"toy-4c-3f-00000000-trials.csv"}
    assert {*tmp_path.glob("out/**/*")} - {tmp_path / "out" / "tables"} == set(files)


def test_names_of_any_letters_and_length_make_files_below_the_folder(tmp_path: Path) -> None:
    for number, name in enumerate(("../../x", "y" * 300, "\N{GRINNING FACE}", "a\ud800")):
        made_run(tmp_path / "r", f"r{number}", protocol=name, note=name)
    boards = sorted_out(tmp_path / "r")
    page = compose(boards, Wishes("toy\udce4"))
    files = write(page, boards, tmp_path / "out")
    assert {*tmp_path.glob("out/**/*")} - {tmp_path / "out" / "tables"} == set(files)
    assert len([f for f in files if f.name.endswith("-trials.csv")]) == len(boards) == 4
    assert {f.name for f in tmp_path.iterdir()} == {"r", "out"}


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    made_run(tmp_path / "r", "one")
    boards = sorted_out(tmp_path / "r")
    (tmp_path / "out").write_text("a file")
    with pytest.raises(MertkError, match=r"out: cannot be written \(.*\); choose another --out"):
        write(compose(boards, Wishes("toy")), boards, tmp_path / "out")


def test_a_file_that_cannot_be_written_leaves_no_half_beside_it(tmp_path: Path) -> None:
    made_run(tmp_path / "r", "one")
    boards = sorted_out(tmp_path / "r")
    (tmp_path / "out" / "index.html").mkdir(parents=True)
    with pytest.raises(MertkError, match="cannot be written"):
        write(compose(boards, Wishes("toy")), boards, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["index.html"]
