"""Isolation forest: how few random cuts leave this cell alone among the last cells.

A cell is a point of value, step and mean of the last eight. The score follows 2 to the power of
minus the mean depth at which the point stands alone, over the depth that is usual. The forest is
of the last cells at every cell: no fit ages.

Source: Liu, Ting, Zhou, "Isolation Forest", ICDM 2008 (scikit-learn's ranks cells the same, see
the oracle test; it keeps trees as objects, this keeps plain arrays).
"""

from typing import Final

from aiops.contracts.plugin import NoSettings, Plugin
from detectors._forest import forest
from detectors._streaming import Streaming

VERSION: Final = "isolation-forest-1"


def _create(settings: NoSettings) -> Streaming:
    del settings
    return forest(VERSION, isolates=True)


PLUGIN: Final = Plugin(
    summary="Isolation forest: a value, step and mean that few random cuts leave alone.",
    settings=NoSettings,
    create=_create,
)
