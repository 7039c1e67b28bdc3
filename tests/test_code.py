"""Which code a result rests on: all of it, of one package, without importing any."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mertk.code import code_digest
from mertk.plan import ASIDE, ENGINE
from mertk.registry import discover


def test_a_file_is_identified_by_the_text_that_was_loaded(tmp_path: Path) -> None:
    def loaded() -> type:
        return discover().find("fusions", "./part.py:Part", tmp_path).load()

    (tmp_path / "part.py").write_text("class Part: ...")
    first = loaded()
    before = code_digest(first.__module__)
    assert loaded() is first, "a file is run once, so that its parts share their classes"
    (tmp_path / "part.py").write_text("class Part: x = 1")
    code_digest.cache_clear()
    assert code_digest(first.__module__) == before, "of the text as it was when it was loaded"
    (tmp_path / "part.py").unlink()
    code_digest.cache_clear()
    assert code_digest(first.__module__) == before
    (tmp_path / "part.py").write_text("class Part: x = 1")
    assert code_digest(loaded().__module__) != before


FILES = {
    "__init__.py": "",
    "part.py": "from my_lab.deep import helper\nfrom . import near\nimport other_lab\n",
    "near.py": "def f():\n    from .deep.late import g\n",
    "deep/__init__.py": "",
    "deep/helper.py": "from ..constants import LARGE\n",
    "deep/late.py": "1 / 0  # never imported here\n",
    "constants.py": "LARGE = 3\n",
    "aside.py": "",
}


@pytest.fixture
def digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """The digest of `my_lab.part` as its package is on disk."""
    for name, text in FILES.items():
        path = tmp_path / "my_lab" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "other_lab.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)

    def found() -> str:
        code_digest.cache_clear()
        return code_digest("my_lab.part")

    return found


@pytest.mark.parametrize(
    "name", ["part.py", "near.py", "deep/helper.py", "deep/late.py", "constants.py"]
)
def test_what_a_module_imports_from_its_package_is_part_of_it(
    name: str, digest: Callable[[], str], tmp_path: Path
) -> None:
    before = digest()
    assert digest() == before
    path = tmp_path / "my_lab" / name
    path.write_text(path.read_text() + "# changed")
    assert digest() != before


def test_what_it_does_not_import_or_is_anothers_is_no_part_of_it(
    digest: Callable[[], str], tmp_path: Path
) -> None:
    before = digest()
    (tmp_path / "my_lab" / "aside.py").write_text("x = 1")
    (tmp_path / "other_lab.py").write_text("x = 1")
    assert digest() == before


def test_a_module_set_aside_does_not_count_nor_what_only_it_imports(
    digest: Callable[[], str], tmp_path: Path
) -> None:
    def found() -> str:
        code_digest.cache_clear()
        return code_digest("my_lab.part", aside=("my_lab.deep.helper",))

    before = found()
    assert before != digest()
    (tmp_path / "my_lab" / "constants.py").write_text("LARGE = 4")
    assert found() == before
    (tmp_path / "my_lab" / "near.py").write_text("x = 1")
    assert found() != before


def test_what_trains_counts_and_what_only_tells_does_not() -> None:
    """A change of the list is a decision: results are done again for every text in it."""
    counted = {
        *("contracts.steps", "data", "model", "pairing", "ragged", "sampling", "seeds", "split"),
        *("streams", "train.checkpoint", "train.device", "train.fit", "train.optim"),
        *("train.predict", "train.record"),
    }
    code_digest.cache_clear()
    whole = code_digest(*ENGINE, aside=ASIDE)
    assert code_digest(*(f"mertk.{name}" for name in counted), aside=ASIDE) == whole
    for name in counted:
        code_digest.cache_clear()
        assert code_digest(*ENGINE, aside=(*ASIDE, f"mertk.{name}")) != whole, name


def test_nothing_is_imported_to_tell() -> None:
    told = f"from mertk.code import code_digest; import sys; print(code_digest(*{ENGINE!r}))"
    program = f"{told}; assert not {{'torch', 'mertk.model'}} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == code_digest(*ENGINE)


def test_a_name_that_is_no_modules_has_no_text() -> None:
    assert code_digest("no_such_package.part") == code_digest("another.one")
