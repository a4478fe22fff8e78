"""A group that needs what is not installed says so, and costs the others nothing."""

from pathlib import Path

from aiops.bench import run as bench
from aiops.bench.measure import Figure, NotRun
from aiops.bench.remote import measure


def absent(_series, _points, _folder):
    raise NotRun("there is no such server here")


def present(_series, _points, _folder):
    return [Figure("stage.one", "work", 1.0, "floor", 2.0)]


def test_what_cannot_be_run_is_told_with_its_reason_beside_what_was():
    groups = [bench.Group("away", absent), bench.Group("here", present)]
    result = bench.run(5, 60, groups, lambda *_: None)
    assert [figure.stage for figure in result.figures] == ["stage.one"]
    assert "away: not run: there is no such server here" in bench.table(result).splitlines()
    assert bench.report(result)["not_run"] == {"away": "there is no such server here"}


def test_without_a_server_the_remote_group_names_the_package(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    result = bench.run(5, 60, [bench.Group("remote", measure)], lambda *_: None)
    assert "Debian package victoria-metrics" in result.not_run["remote"]
    assert not list(Path(tmp_path).iterdir())
