"""Every collector on the shelf keeps its contract; there is no exemption list."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

import collectors as shelf
from aiops import plugins
from aiops.config import plugin_settings
from aiops.contracts.errors import Unreachable
from aiops.contracts.plugin import Plugin
from aiops.contracts.receiver import PUSH
from aiops.domain.metric import Direction, MetricKind
from aiops.testing.collector import check_collector
from aiops.testing.receiver import check_receiver
from collectors.prometheus.mapping import load_mappings
from tests.contract.collect.pushes import good_push
from tests.integration.collect.serving import serve

_NAMES = sorted(plugins.list_names("collectors"))
_PUSHED = [name for name in _NAMES if PUSH in plugins.load("collectors", name).tags]
_PULLED = [name for name in _NAMES if name not in _PUSHED]
_OURS = Path(shelf.__file__).parent
# Most of the examples name somebody who is not there; the more patient of them wait that long.
_BRIEF = timedelta(seconds=5)
_HEADINGS = [
    "What it reads",
    "Settings",
    "Metrics",
    "Assets and limits",
    "Troubleshooting",
]
# The UCUM codes in use here. Source: The Unified Code for Units of Measure, version 2.2.
_UCUM = {
    "1", "%", "By", "By/s", "bit/s", "s", "ms", "d", "h", "Cel", "V", "A", "W", "J", "Hz", "Pa",
    "/min", "/s", "mm/s", "m/s2", "{connection}", "{thread}", "{operation}", "{error}", "{packet}",
    "{sector}", "{shutdown}", "{event}", "{cpu}", "{pod}", "{restart}",
}  # fmt: skip
_NODE = b"""# TYPE node_load1 gauge
node_load1 0.5
# TYPE node_filesystem_size_bytes gauge
node_filesystem_size_bytes{device="/dev/a",fstype="ext4",mountpoint="/"} 100
node_filesystem_free_bytes{device="/dev/a",fstype="ext4",mountpoint="/"} 40
node_filesystem_avail_bytes{device="/dev/a",fstype="ext4",mountpoint="/"} 30
"""


def _example(name):
    return yaml.safe_load((_OURS / name / "config.example.yaml").read_text(encoding="utf-8"))


def _settings(name):
    return plugin_settings("collectors", name, _example(name).get("settings") or {}, "settings")


def _table(name):
    path = _OURS / name / "metrics.csv"
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        assert reader.fieldnames == ["metric", "unit", "kind", "bad_direction", "description"]
        return list(reader)


@pytest.mark.parametrize("name", _PULLED)
def test_a_collector_made_from_its_example_keeps_the_contract(name):
    plugin = plugins.load("collectors", name)
    assert isinstance(plugin, Plugin)
    check_collector(lambda: plugin.create(_settings(name)), deadline=_BRIEF)


def test_the_prometheus_collector_keeps_the_contract_with_and_without_an_endpoint():
    plugin = plugins.load("collectors", "prometheus")
    with serve(_NODE) as url:
        check_collector(
            lambda: plugin.create(plugin.settings(url=url)),
            dead=lambda: plugin.create(plugin.settings(url="http://127.0.0.1:9/metrics")),
        )


@pytest.mark.parametrize("name", _NAMES)
def test_the_readme_has_the_fixed_headings(name):
    lines = (_OURS / name / "README.md").read_text(encoding="utf-8").splitlines()
    assert [line[3:] for line in lines if line.startswith("## ")] == _HEADINGS
    assert lines[0] == f"# Collector `{name}`"


@pytest.mark.parametrize("name", _NAMES)
def test_the_example_shows_every_setting(name):
    shown = _example(name)["settings"]
    plugin = plugins.load("collectors", name)
    assert set(shown) == set(plugin.settings.__dataclass_fields__)
    assert _example(name)["type"] == name


@pytest.mark.parametrize("name", _NAMES)
def test_the_example_shows_the_defaults(name):
    plugin = plugins.load("collectors", name)
    shown = _settings(name)
    for field, declared in plugin.settings.__dataclass_fields__.items():
        if isinstance(declared.default, str | int | float | bool | timedelta | tuple):
            assert getattr(shown, field) == declared.default, field


@pytest.mark.parametrize("name", _NAMES)
def test_every_setting_is_explained(name):
    plugin = plugins.load("collectors", name)
    for field, declared in plugin.settings.__dataclass_fields__.items():
        assert declared.metadata.get("help"), field


@pytest.mark.parametrize("name", _NAMES)
def test_the_table_of_metrics_is_in_ucum_and_complete(name):
    table = _table(name)
    for row in table:
        assert row["unit"] in _UCUM, row
        assert row["kind"] in set(MetricKind)
        assert row["bad_direction"] in set(Direction)
        assert row["description"]
    assert len({row["metric"] for row in table}) == len(table)


@pytest.mark.parametrize("name", _PUSHED)
def test_a_receiver_made_from_its_example_keeps_the_contract(name):
    plugin = plugins.load("collectors", name)
    check_receiver(lambda: plugin.create(_settings(name)), good_push(name))


@pytest.mark.parametrize("name", _PULLED)
def test_what_is_emitted_is_as_the_table_says(name):
    told = {row["metric"]: row for row in _table(name)}
    collector = plugins.create("collectors", name, _settings(name))
    try:
        for seconds in (0, 15):
            until = datetime.now(UTC) + timedelta(seconds=seconds)
            collector.collect({}, until, _BRIEF)
    except Unreachable:
        pass  # its metrics are checked by name where it has a table of its own
    for metric in collector.discover().metrics:
        row = told[metric.name]
        assert (metric.unit, metric.kind, metric.bad_direction) == (
            row["unit"],
            row["kind"],
            row["bad_direction"],
        )
    collector.close()


def test_the_mappings_of_prometheus_are_as_its_table_says():
    told = {row["metric"]: row for row in _table("prometheus")}
    emitted = {}
    for mapping in load_mappings("auto"):
        for rule in (*mapping.renames, *mapping.derived):
            emitted[rule.metric.name] = rule.metric
    assert emitted.keys() == told.keys()
    for name, metric in emitted.items():
        row = told[name]
        assert (metric.unit, metric.kind.value, metric.bad_direction.value) == (
            row["unit"],
            row["kind"],
            row["bad_direction"],
        )
