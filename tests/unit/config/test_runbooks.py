"""Runbooks are read as strictly as the configuration; every problem has its line."""

import pytest

from aiops.automate.settings import AllowSettings, AutomateSettings
from aiops.config.runbooks import load_runbooks
from aiops.contracts.errors import ConfigError
from aiops.domain.run import Tier

GOOD = """\
name: free-space
title: Vacuum the journal
title_zh: 清理日志
tier: low
match: {metrics: ["system.filesystem.*"], kinds: [volume]}
parameters:
  - {name: mount, source: label, label: mountpoint, pattern: "/[a-z/]*"}
steps:
  - {name: vacuum, run: [journalctl, --vacuum-size=200M, --directory, "{mount}"], timeout: 5m}
verify:
  - name: enough
    call: {url: "http://127.0.0.1:9/free", method: GET, contains: ok, token: "env:AIOPS_T"}
rollback: []
"""


def read(tmp_path, *texts, allow=()):
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.yaml").write_text(text, "utf-8")
    return load_runbooks(AutomateSettings(runbooks=str(tmp_path), allow=allow))


def test_a_runbook_is_read_with_everything_it_says(tmp_path, monkeypatch):
    monkeypatch.setenv("AIOPS_T", "canary")
    (book,) = read(tmp_path, GOOD, allow=(AllowSettings("free-space", "*"),))
    assert (book.name, book.tier, book.title_zh) == ("free-space", Tier.LOW, "清理日志")
    assert book.steps[0].run[-1] == "{mount}"
    assert book.secrets() == ["canary"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("{mount}", "{elsewhere}"), "no declared parameter"),
        (("run: [journalctl", "run: ['{mount}'"), "written out"),
        (("timeout: 5m", "timeout: 5"), "has no unit"),
        (("timeout: 5m", "call: {url: 'http://127.0.0.1'}"), "exactly one of run"),
        (("tier: low", "tier: none"), "expected one of low, medium, high"),
        (("tier: low", "tire: low"), "did you mean tier?"),
        (("/[a-z/]*", "[a-z"), "pattern cannot be read"),
        (("label: mountpoint,", ""), "belongs to `source: label`"),
        (("http://127.0.0.1:9/free", "http://169.254.169.254/x"), "metadata"),
        (("env:AIOPS_T", "hunter2"), "use env: or file:"),
        (("name: free-space", "name: ../x"), "letters, digits"),
    ],
)
def test_what_is_wrong_is_told_with_its_file_and_never_a_secret(
    tmp_path, monkeypatch, change, words
):
    monkeypatch.setenv("AIOPS_T", "canary")
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, GOOD.replace(*change))
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}/0.yaml:")
    assert "hunter2" not in str(caught.value)


def test_allowing_what_is_not_there_or_not_low_and_verified_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("AIOPS_T", "canary")
    with pytest.raises(ConfigError, match="there is no runbook `other`"):
        read(tmp_path, GOOD, allow=(AllowSettings("other", "*"),))
    with pytest.raises(ConfigError, match="tier low and have a verification"):
        read(
            tmp_path,
            GOOD.replace("tier: low", "tier: high"),
            allow=(AllowSettings("free-space", "*"),),
        )


def test_two_files_with_one_name_and_a_missing_directory_are_errors(tmp_path, monkeypatch):
    monkeypatch.setenv("AIOPS_T", "canary")
    with pytest.raises(ConfigError, match="another file"):
        read(tmp_path, GOOD, GOOD)
    with pytest.raises(ConfigError, match="no directory"):
        load_runbooks(AutomateSettings(runbooks=str(tmp_path / "none")))
