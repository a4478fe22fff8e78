"""Foreign text in figures: plotly reads HTML-like tags and templates in every text field."""

_ESCAPES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    # math marks and hover templates
    "$": "&#36;",
    "%{": "&#37;{",
}
_LONGEST = 120


def as_text(text: str) -> str:
    """Returns the text so that plotly shows it letter by letter, cut to a readable length.

    >>> as_text('<a href="x">$y$ %{z}')
    '&lt;a href="x"&gt;&#36;y&#36; &#37;{z}'
    """
    shown = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    for mark, escape in _ESCAPES.items():
        shown = shown.replace(mark, escape)
    return shown
