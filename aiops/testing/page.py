# ruff: noqa: S101  # a checker asserts: that is how a test tells what is broken
"""What every page must keep, whoever wrote it."""

from dataclasses import replace
from html.parser import HTMLParser

from aiops.contracts.dashboard import LANGUAGES, Page, Reader, Rendered, View
from aiops.domain.asset import Viewer


def check_page(page: Page, reader: Reader, view: View, foreign: str = "") -> None:
    """Renders a page in every language and compares it with its contract.

    Args:
        view: A request the page can answer.
        foreign: Text of an asset that only ``view.viewer`` may see: it must not be there for
            a viewer who may see nothing.

    Raises:
        AssertionError: The contract is broken; the message says which part.
    """
    assert isinstance(page, Page), "it has no path, files or render"
    assert page.path.startswith("/"), f"its path {page.path!r} does not begin with /"
    for name, path in page.files.items():
        assert path.is_file(), f"its file {name} is not at {path}"
        assert "/" not in name, f"the name of its file {name!r} holds a slash"
    htmls = set()
    for language in LANGUAGES:
        asked = replace(view, language=language)
        rendered = page.render(reader, asked)
        assert rendered.status == 200, f"status {rendered.status} for a request it can answer"
        assert page.render(reader, asked) == rendered, "rendering it twice gives two answers"
        _check_html(rendered, page, language)
        htmls.add(rendered.html)
    assert len(htmls) == len(LANGUAGES), "it says the same in every language"
    if foreign:
        hidden = page.render(reader, replace(view, viewer=Viewer("nobody")))
        assert foreign not in hidden.html, f"{foreign!r} is shown to a viewer who may not see it"


class _Strict(HTMLParser):
    """Collects what the content security policy of the service refuses."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []
        self.language = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.language = given.get("lang") or ""
        inert = given.get("type") == "application/json"
        if tag == "style" or (tag == "script" and "src" not in given and not inert):
            self.refused.append(f"<{tag}> with its text inside")
        for name, value in given.items():
            if name == "style" or name.startswith("on"):
                self.refused.append(f"{name}= of <{tag}>")
            if name == "src" and not (value or "").startswith("/"):
                self.refused.append(f"address {value!r} of <{tag}>")


def _check_html(rendered: Rendered, page: Page, language: str) -> None:
    strict = _Strict()
    strict.feed(rendered.html)
    assert not strict.refused, f"{page.path}: refused by the policy: {strict.refused}"
    assert strict.language.startswith(language), f"{page.path}: <html lang> is not {language}"
