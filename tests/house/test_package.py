"""What the wheel holds, and that every plug-in can be loaded."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from aiops import plugins
from aiops.contracts.plugin import Plugin

ROOT = Path(__file__).parents[2]
TOPS = {"aiops", "collectors", "detectors", "forecasts", "dashboards"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--quiet", "--wheel-dir", out, ROOT], check=True, capture_output=True)
    (path,) = out.glob("aiops-*.whl")
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_the_wheel_has_our_top_names_and_no_others(wheel):
    tops = {name.split("/")[0] for name in wheel if ".dist-info/" not in name}
    assert tops == TOPS


def test_the_wheel_carries_what_is_read_at_run_time(wheel):
    for needed in ("aiops/py.typed", "dashboards/texts/zh.json", "dashboards/static/app.css"):
        assert needed in wheel, needed


def test_every_plugin_loads_and_says_what_it_is():
    for family in plugins.FAMILIES:
        for name in plugins.list_names(family):
            plugin = plugins.load(family, name)
            assert isinstance(plugin, Plugin)
            assert plugin.summary, f"{family}: {name} has no summary"


def test_no_file_of_ours_grows_past_five_hundred_lines():
    grown = {
        str(path.relative_to(ROOT)): lines
        for top in TOPS
        for path in (ROOT / top).rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 500
    }
    assert not grown, "split by noun"
