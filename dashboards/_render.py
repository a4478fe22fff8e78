"""From a template to a page: autoescape always on, figures as inert JSON."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from aiops.contracts.dashboard import LANGUAGES, Reader, Rendered, View
from dashboards._signals import parse_time
from dashboards._words import Words

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_HERE = Path(__file__).parent
_JSON_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def static_files() -> dict[str, Path]:
    """Returns the files every page uses, by the name they are served under."""
    import plotly

    names = ("app.css", "app.js", "htmx.min.js", "icon.svg")
    files = {name: _HERE / "static" / name for name in names}
    files["plotly.min.js"] = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    return files


def render(
    template: str, reader: Reader, view: View, words: Words, *, status: int = 200, **context: Any
) -> Rendered:
    """Renders a template with what every page shows."""
    state = reader.status() if view.signed_in else {}
    html = (
        _environment()
        .get_template(template)
        .render(
            t=words,
            view=view,
            now=view.now,
            asset_url=asset_url,
            other_language=_other_language(view),
            simulated=bool(state.get("simulated")),
            insecure=bool(state.get("insecure")),
            store_away=_store_away(state, words),
            **context,
        )
    )
    return Rendered(html, status)


def _store_away(state: Mapping[str, object], words: Words) -> str:
    """Returns which series store is away and since when; empty while none is."""
    store = state.get("store")
    if not isinstance(store, Mapping) or not store.get("down_since"):
        return ""
    since = words.full_time(parse_time(store["down_since"]))
    return words("app.store_away", engine=str(store.get("engine", "")), time=since)


def missing(reader: Reader, view: View, words: Words, key: str) -> Rendered:
    """Renders "there is no such thing, or it is not yours to see"."""
    return render("missing.html", reader, view, words, status=404, text=words(key))


def asset_url(key: str) -> str:
    """Returns the address of an asset's page.

    >>> asset_url("db-07/volume:/data")
    '/assets/db-07/volume%3A/data'
    """
    return f"/assets/{quote(key, safe='/')}"


def figure_json(figure: "Figure") -> Markup:
    """Returns a figure for a script element that holds data: nothing in it can end the element."""
    text: str = figure.to_json(validate=False)
    for mark, escape in _JSON_ESCAPES.items():
        text = text.replace(mark, escape)
    return Markup(text)  # noqa: S704 -- every character that HTML reads is escaped above


def _other_language(view: View) -> str:
    other = next(language for language in LANGUAGES if language != view.language)
    kept = {name: value for name, value in view.query.items() if name not in ("lang", "part")}
    return "?" + urlencode({**kept, "lang": other})


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
