"""The replay report in a real Chromium: nothing blocked, nothing fetched, both languages."""

import shutil
from pathlib import Path

import pytest

from tests.unit.replay.test_bundle_replay import replay, write_bundle

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("replay")
    out = folder / "report.html"
    done = replay(write_bundle(folder / "bundle"), "--html", str(out))
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("not run: chromium is not installed (apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="not run: no playwright")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"], timeout=120_000
        )
        yield opened
        opened.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_report_fits_and_its_policy_blocks_nothing_of_it(browser, report, width):
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    page.set_default_timeout(120_000)
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("svg").count() >= 5
    assert page.locator("h1 [lang=en]").is_visible()
    page.click("label[for=show-zh]")
    assert page.locator("h1 [lang=zh]").is_visible()
    assert not page.locator("h1 [lang=en]").is_visible()
    assert said == []
    assert asked == [report.as_uri()]
