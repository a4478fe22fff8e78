"""Secrets come from the environment or a file, and are never told."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from aiops.config import parse
from aiops.config.problems import Problems
from aiops.config.walk import Walk
from aiops.contracts.errors import ConfigError
from aiops.contracts.secret import Secret


@dataclass(frozen=True, slots=True)
class Account:
    password: Secret
    token: Secret = field(default_factory=lambda: Secret(""))


def read(text: str, directory: Path = Path()) -> Account:
    problems = Problems("config.yaml")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    account = Walk(problems, directory).build(Account, root, "")
    problems.raise_if_any()
    return account


def refusal(text: str, directory: Path = Path()) -> str:
    with pytest.raises(ConfigError) as refused:
        read(text, directory)
    [line] = refused.value.problems
    return line


def test_a_literal_is_refused_without_being_told():
    line = refusal("password: hunter2")
    assert line.startswith("config.yaml:1:11: password: ")
    assert "use env: or file:" in line
    assert "hunter2" not in line


def test_an_unset_variable_is_named(monkeypatch):
    monkeypatch.delenv("NOPE", raising=False)
    assert "NOPE is not set" in refusal("password: env:NOPE")


def test_an_empty_variable_is_refused(monkeypatch):
    monkeypatch.setenv("BLANK", " ")
    assert "BLANK is empty" in refusal("password: env:BLANK")


def test_a_shell_variable_is_answered_with_the_right_spelling():
    assert "expected env:NOPE" in refusal('password: "${NOPE}"')


def test_a_secret_pasted_behind_env_is_not_told():
    assert "s3cr3t" not in refusal("password: env:s3cr3t!with-signs")


def test_a_variable_is_read(monkeypatch):
    monkeypatch.setenv("AIOPS_TEST_PASSWORD", "hunter2")
    account = read("password: env:AIOPS_TEST_PASSWORD")
    assert account.password.reveal() == "hunter2"
    assert "hunter2" not in repr(account)


def test_a_file_beside_the_configuration_is_read_without_its_last_newline(tmp_path):
    path = tmp_path / "password"
    path.write_text("hunter2\r\n")
    path.chmod(0o600)
    assert read("password: file:password", tmp_path).password == Secret("hunter2")


def test_a_missing_file_is_refused(tmp_path):
    assert "does not exist" in refusal("password: file:none", tmp_path)


def test_a_directory_is_refused(tmp_path):
    assert "is a directory" in refusal("password: file:.", tmp_path)


def test_a_file_others_can_read_is_refused_with_its_mode(tmp_path, monkeypatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    path = tmp_path / "password"
    path.write_text("hunter2")
    path.chmod(0o666)
    line = refusal("password: file:password", tmp_path)
    assert "mode 0666, expected 0600" in line
    assert "hunter2" not in line


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "password"
    path.write_text("\n")
    path.chmod(0o600)
    assert "is empty" in refusal("password: file:password", tmp_path)


def test_a_secret_that_may_be_left_out_may_be_empty(monkeypatch):
    monkeypatch.setenv("AIOPS_TEST_PASSWORD", "hunter2")
    assert not read('password: env:AIOPS_TEST_PASSWORD\ntoken: ""').token


def test_a_required_secret_may_not_be_empty():
    assert "use env: or file:" in refusal('password: ""')


def webhook(monkeypatch, url: str) -> str:
    monkeypatch.setenv("HOOK_URL", url)
    return "ticket: {destinations: [{name: desk, type: webhook, settings: {url: 'env:HOOK_URL'}}]}"


def test_a_secret_address_is_checked_like_any_other_and_is_not_told(monkeypatch):
    settings = parse(webhook(monkeypatch, "https://desk/hook/hunter2"), "config.yaml")
    (destination,) = settings.ticket.destinations
    assert destination.settings.url.reveal() == "https://desk/hook/hunter2"
    with pytest.raises(ConfigError) as refused:
        parse(webhook(monkeypatch, "hunter2/without-scheme"), "config.yaml")
    assert "without scheme" in str(refused.value)
    assert "hunter2" not in str(refused.value)
