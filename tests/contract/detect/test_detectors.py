import warnings
from typing import cast

import numpy as np
import pytest

from aiops import plugins
from aiops.contracts.detector import Detector, DetectorScope
from aiops.contracts.errors import PluginError
from aiops.domain.anomaly import Scores
from aiops.domain.state import State
from aiops.testing.detector import check_detector

NAMES = sorted(plugins.list_names("detectors"))


@pytest.mark.parametrize("name", NAMES)
def test_every_registered_detector_keeps_its_promises(name):
    settings = plugins.load("detectors", name).settings()
    try:
        plugins.create("detectors", name, settings)
    except PluginError as error:
        pytest.skip(f"not run: {error}")

    def make() -> Detector:
        return cast("Detector", plugins.create("detectors", name, settings))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_detector(make)


class Peeking:
    """The next cell is used: a cheat that the checker must catch."""

    scope = DetectorScope.SERIES
    version = "peeking-1"

    def start(self, n_units):
        return State(self.version, {"seen": np.zeros(n_units, np.int64)})

    def update(self, state, panel):
        values = np.where(panel.usable, np.clip(panel.values, -1e9, 1e9), 0.0)
        ahead = np.abs(np.diff(values, axis=1, append=values[:, -1:]))
        reason = np.zeros(values.shape, np.uint8)
        seen = state.arrays["seen"] + values.shape[1]
        return State(self.version, {"seen": seen}), Scores(ahead, ahead, reason)


def test_the_checker_catches_a_detector_that_looks_ahead():
    with pytest.raises(AssertionError, match="cells cut into calls"):
        check_detector(Peeking)
