"""The page is whole by itself, well formed, and escapes whatever it did not write."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from mertk.page.blocks import Page, Section
from mertk.page.html import render
from tests.page.made import cost, made_run, shown

HOSTILE = "<script>alert('x')</script>\"&</style>"
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Reading(HTMLParser):
    """Checks nesting, and collects ids, headings, links and tables."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.levels: list[int] = []
        self.targets: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        found = dict(attrs)
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a":
            self.targets.append(found["href"])
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag


def read(text: str) -> Reading:
    reading = Reading()
    reading.feed(text)
    assert reading.open == []
    return reading


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("results")
    made_run(root, "small", cost=cost(1))
    made_run(root, "large", 0.8)
    made_run(root, "large", 0.75, fingerprint="1" * 12, variant="no mem")
    return shown(root)


def test_it_is_well_formed_and_every_id_is_its_own(text: str) -> None:
    reading = read(text)
    assert len(reading.ids) == len(set(reading.ids))
    assert set(reading.targets) <= {f"#{name}" for name in reading.ids}


def test_no_section_takes_the_id_of_another_or_of_the_page() -> None:
    titles = ["main", "main", "a", "a 2", "a", "!", "?"]
    text = render(Page("x", (), [Section(title) for title in titles]))
    assert sorted(read(text).ids) == sorted(
        ["main", "main-2", "main-3", "a", "a-2", "a-3", "part", "part-2"]
    )


def test_headings_never_skip_a_level(text: str) -> None:
    levels = read(text).levels
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert levels.count(1) == 1


def test_it_loads_nothing_and_runs_no_script(text: str) -> None:
    reading = read(text)
    assert not {"script", "link", "img", "iframe", "object"} & set(reading.tags)
    for name, value in reading.attributes:
        assert not name.startswith("on")
        if name in ("src", "href", "xlink:href"):
            assert (value or "").startswith(("#", "data:image/png;base64,"))
    assert any("default-src 'none'" in (value or "") for _, value in reading.attributes)
    assert not re.search(r"url\((?!#)", text)


def test_every_table_has_a_caption_and_says_what_its_headers_are_of(text: str) -> None:
    assert text.count("<caption>") == text.count("<table>") > 5
    assert not re.search(r"<th(?! scope=)[ >]", text.replace("<thead", ""))


def test_every_picture_has_words(text: str) -> None:
    pictures = re.findall(r"<svg[^>]*>", text)
    assert len(pictures) > 5
    assert all('role="img"' in p and re.search(r'aria-label="[^"]{10,}', p) for p in pictures)


def test_what_comes_from_outside_is_escaped(tmp_path: Path) -> None:
    corpus = {"title": HOSTILE, "synthetic": False, "classes": [HOSTILE, "$b$", "c|d", "é"]}
    for name, more in (
        (HOSTILE, {"cost": cost(1)}),
        ("other", {}),
    ):
        made_run(tmp_path, name, corpus=corpus, protocol=f"{HOSTILE}@1", **more)
    made_run(
        tmp_path,
        "other",
        0.5,
        "1" * 12,
        corpus=corpus,
        protocol=f"{HOSTILE}@1",
        variant=HOSTILE,
        note=HOSTILE,
    )
    text = shown(tmp_path, title=HOSTILE)
    read(text)
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert text.count("</style>") == 1


def test_letters_that_cannot_be_shown_are_written_out(tmp_path: Path) -> None:
    """Neither a stray control letter nor half a surrogate pair costs the page."""
    strange = "a\x00\x1b[31m\u202eb\ud800"
    page = Page(strange, (), [Section(strange)])
    text = render(page)
    assert text.encode().decode() == text
    assert rf"<h1>{strange.encode('unicode_escape').decode()}</h1>" in text
    assert not set(text) & set(strange) - set("ab[31m")


def test_generated_corpora_and_choice_on_test_are_told_first(tmp_path: Path) -> None:
    made_run(tmp_path, "one", selected_on_test=True)
    text = shown(tmp_path)
    assert "SYNTHETIC DATA" in text
    assert "the epoch was picked by the clips it is scored on" in text
    assert text.index("SYNTHETIC DATA") < text.index("Leaderboard</h3>")


def test_failed_trials_are_told(tmp_path: Path) -> None:
    folder = made_run(tmp_path, "one")
    (folder / "fold9-seed0-abc.failed.txt").write_text("Traceback")
    assert "Trials that failed and are in no number: one: 1." in shown(tmp_path)


def test_what_was_not_kept_or_done_is_said_and_stops_nothing(tmp_path: Path) -> None:
    history = [{"number": 1, "losses": {"emotion": None}, "lr": 0.1, "valid": None, "test": 0.2}]
    picks = {pick: {"epoch": 1} for pick in ("selected", "last", "test_best")}
    made_run(tmp_path, "one", seeds=(0,), history=history, picks=picks)
    text = shown(tmp_path)
    assert "Not known; `mertk robustness" in text
    assert "No temperature was fitted" in text
    assert "Attention over time" not in text
