"""The acceptance of the forecasts in virtual time, on few seeds; the table is in bench/."""

import importlib.util
import sys
from pathlib import Path

import pytest

from aiops.forecast.settings import ForecastSettings
from aiops.forecast.stage import ForecastStage

PATH = Path(__file__).parents[3] / "bench" / "filling_disk.py"


@pytest.fixture(scope="module")
def disk():
    spec = importlib.util.spec_from_file_location("filling_disk", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules["filling_disk"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def stage(disk):
    return ForecastStage(ForecastSettings(), disk.load_trend())


@pytest.mark.parametrize("name", ["steady", "saw-tooth", "pause", "accelerating"])
def test_a_filling_volume_is_foreseen_before_it_is_full(disk, stage, name):
    held = 0
    for seed in (1, 2, 3):
        used, full = disk.story(name, seed)
        answer = disk.replay(stage, used, full, every=6)
        assert answer is not None
        opened, early, late = answer
        assert opened < full
        held += early - 1 <= full <= late
    assert held >= 2


@pytest.mark.parametrize("name", ["stops at 60 %", "plateau at 85 %"])
def test_a_volume_that_does_not_fill_opens_nothing(disk, stage, name):
    for seed in (1, 2, 3):
        used, full = disk.story(name, seed)
        assert full is None
        assert disk.replay(stage, used, full, every=6) is None
