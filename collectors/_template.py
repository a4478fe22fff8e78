"""Names made of what a source says: ``{label}`` stands for a label's value."""

import re
from collections.abc import Mapping
from typing import Final

_FIELD: Final = re.compile(r"\{(\w+)\}")


def fill(template: str, labels: Mapping[str, str]) -> str:
    """Returns the template with labels put in; empty when one of them is missing.

    >>> fill("{host}/volume:{path}", {"host": "db-07", "path": "/"})
    'db-07/volume:/'
    """
    if any(not labels.get(name) for name in _FIELD.findall(template)):
        return ""
    return _FIELD.sub(lambda match: labels[match.group(1)], template)
