"""The page in a real browser: offline, on a phone, dark, printed, by keyboard, read aloud."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.page.made import cost, made_run, shown

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("page")
    made_run(root / "r", "small", cost=cost(1))
    made_run(root / "r", "large", 0.8)
    made_run(root / "r", "large", 0.75, fingerprint="1" * 12, variant="no mem")
    (root / "index.html").write_text(shown(root / "r", title="Toy results"), encoding="utf-8")
    return root / "index.html"


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


@pytest.fixture
def opened(browser, page_file: Path):
    """Open the page with some settings; what it asks of the network, or complains of, fails."""
    heard: list[str] = []
    contexts = []

    def open_page(**settings):
        context = browser.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda asked: heard.append(asked.url))
        page.goto(page_file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [h for h in heard if h != page_file.as_uri() and not h.startswith("data:")] == []


@pytest.mark.parametrize("width", [320, 390, 768, 1400])
def test_nothing_is_wider_than_the_screen_but_what_scrolls_by_itself(opened, width: int) -> None:
    page = opened(viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    inside = """() => [...document.querySelectorAll('p, li, h1, h2, h3, h4, figure, svg')]
        .filter(e => !e.closest('.scroll') && e.getBoundingClientRect().right > innerWidth + 1)
        .map(e => e.outerHTML.slice(0, 80))"""
    assert page.evaluate(inside) == []
    cut = """() => [...document.querySelectorAll('caption span')]
        .filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.textContent)"""
    assert page.evaluate(cut) == [], "a caption is read without scrolling its table"


def test_it_follows_the_colour_scheme(opened) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        page = opened(color_scheme=scheme)
        style = "getComputedStyle(document.body)"
        grounds.append((page.evaluate(f"{style}.backgroundColor"), page.evaluate(f"{style}.color")))
        ink = page.evaluate("getComputedStyle(document.querySelector('svg text')).fill")
        assert ink != grounds[-1][0]
    (light, dark_ink), (dark, light_ink) = grounds
    assert sum(_rgb(light)) > 600 > 200 > sum(_rgb(dark))
    assert sum(_rgb(dark_ink)) < 200 < 600 < sum(_rgb(light_ink))


def _rgb(colour: str) -> list[int]:
    return [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]


def test_in_print_everything_is_there_on_white(opened) -> None:
    page = opened(color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    assert page.locator("pre").first.bounding_box()["height"] > 20, "listings are unfolded"
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_by_keyboard_the_first_stop_leads_to_the_results(opened) -> None:
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the results"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_body_text_stands_out_from_its_ground(opened) -> None:
    for scheme in ("light", "dark"):
        page = opened(color_scheme=scheme)
        ground = _rgb(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        for what in ("p", "figcaption", ".notes li", "nav a", "th"):
            ink = page.evaluate(f"getComputedStyle(document.querySelector('{what}')).color")
            light, dark = sorted((_luminance(_rgb(ink)), _luminance(ground)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (scheme, what)


def _luminance(rgb: list[int]) -> float:
    """Relative luminance. Source: WCAG 2.2, which asks for 4.5 in 1.4.3."""
    parts = [c / 255 for c in rgb]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def test_a_listing_opens(opened) -> None:
    page = opened()
    listing = page.locator("details.listing").first
    assert not listing.locator("pre").is_visible()
    listing.locator("summary").click()
    assert listing.locator("pre").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_screen_reader_finds_no_fault(opened, scheme: str) -> None:
    page = opened(color_scheme=scheme, bypass_csp=True)
    found = axe.Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == []
