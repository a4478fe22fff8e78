"""Random cut forest: how many of the last cells a random cut parts from this one at once.

A cell is a point of value, step and mean of the last eight. The score is the logarithm of the
collusive displacement, the largest ratio of what a cut parts off to what stays with the point,
averaged over the trees; coordinates are cut in proportion to their range.

Source: Guha, Mishra, Roy, Schrijvers, "Robust Random Cut Forest Based Anomaly Detection on
Streams", ICML 2016.
"""

from typing import Final

from aiops.contracts.plugin import NoSettings, Plugin
from detectors._forest import forest
from detectors._streaming import Streaming

VERSION: Final = "random-cut-forest-1"


def _create(settings: NoSettings) -> Streaming:
    del settings
    return forest(VERSION, isolates=False)


PLUGIN: Final = Plugin(
    summary="Random cut forest: a value, step and mean that random cuts part from the last cells.",
    settings=NoSettings,
    create=_create,
)
