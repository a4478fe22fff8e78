"""The configuration that ships passes its own check."""

import sys
from pathlib import Path

import pytest

from aiops import cli

ROOT = Path(__file__).parents[2]


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["aiops", *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return left.value.code


def test_the_shipped_configuration_is_ok(monkeypatch, capsys):
    assert run(monkeypatch, "check", "--config", str(ROOT / "config.yaml")) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "ok"
    assert "sources: this-host (host)" in told


def test_the_settings_of_a_plug_in_are_shown_with_their_defaults(monkeypatch, capsys):
    assert run(monkeypatch, "plugins", "collectors", "host") == 0
    assert capsys.readouterr().out.startswith("host ")
