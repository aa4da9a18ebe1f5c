"""
A browser that has no network, in which the tests open pages.

A test module asks for these with ``pytest_plugins = ["tests.browser"]``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


FONT_PACKAGES = {
    "DejaVu Sans": "fonts-dejavu-core",  # the only one beside Debian's chromium without recommended packages
    "Liberation Mono": "fonts-liberation",  # as wide as text gets
}

Launch = Callable[[str | None], Browser]


@pytest.fixture(scope="session")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launch]:
    """Launch Chromium with all fonts, or with a single family; each once per session."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        missing = "needs Chromium: apt-get install chromium"
        pytest.fail(missing) if "CI" in os.environ else pytest.skip(missing)
    browsers: dict[str | None, Browser] = {}
    with sync_playwright() as playwright:

        def launch(font: str | None) -> Browser:
            if font not in browsers:
                fonts = {"FONTCONFIG_FILE": str(font_config(font, tmp_path_factory.mktemp("fonts")))} if font else {}
                browsers[font] = playwright.chromium.launch(
                    executable_path=found, args=ARGUMENTS, env={**os.environ, **fonts}
                )
            return browsers[font]

        yield launch
        for browser in browsers.values():
            browser.close()


def font_config(family: str, folder: Path) -> Path:
    """Write a fontconfig file that offers only the font *family*; skip the test if it isn't installed."""
    found = ""
    if fc_list := shutil.which("fc-list"):
        found = subprocess.check_output([fc_list, "--format", "%{file}\n", family], text=True)
    if not found:
        pytest.skip(f"needs the font {family} and fc-list: apt-get install {FONT_PACKAGES[family]} fontconfig")
    fonts = folder / "fonts"
    fonts.mkdir()
    for path in map(Path, found.splitlines()):
        (fonts / path.name).symlink_to(path)
    config = folder / "fonts.conf"
    config.write_text(f"<fontconfig><dir>{fonts}</dir><cachedir>{folder / 'cache'}</cachedir></fontconfig>")
    return config


@pytest.fixture(scope="session")
def chromium(launch: Launch) -> Browser:
    return launch(None)


class Visit:
    """
    A page, with its console messages and network requests.

    Attributes:
        font: The only family that the browser has; None if it has all that are installed.
    """

    def __init__(self, page: Page, *, font: str | None = None) -> None:
        self.page = page
        self.font = font
        self.said: list[str] = []
        self.asked_for: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked_for.append(request.url))

    def open(self, path: Path) -> None:
        self.page.goto(path.as_uri())
        self.page.wait_for_function("[...document.querySelectorAll('.chart')].every(chart => chart.dataset.drawn)")
        if self.font:
            assert {self.font} == self.fonts("h1")

    def fonts(self, selector: str) -> set[str]:
        """Return the font families in which the browser rendered the element."""
        devtools = self.page.context.new_cdp_session(self.page)
        devtools.send("DOM.enable")
        devtools.send("CSS.enable")
        document = devtools.send("DOM.getDocument", {"depth": 0})["root"]
        element = devtools.send("DOM.querySelector", {"nodeId": document["nodeId"], "selector": selector})
        used = devtools.send("CSS.getPlatformFontsForNode", element)["fonts"]
        devtools.detach()
        return {font["familyName"] for font in used}


@pytest.fixture
def visit(launch: Launch, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A page in a window of the given colour scheme, width and, optionally, only font."""
    scheme, width, *fonts = request.param
    font = fonts[0] if fonts else None
    context = launch(font).new_context(offline=True, color_scheme=scheme, viewport={"width": width, "height": 900})
    yield Visit(context.new_page(), font=font)
    context.close()
