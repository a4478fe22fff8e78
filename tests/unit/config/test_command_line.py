"""The frame of the command line: exit codes, light imports, one line per problem."""

import os
import signal
import subprocess
import sys

import pytest

from aiops import __version__, cli
from aiops.contracts.errors import ConfigError, InputError, UnknownPlugin, Unreachable


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", "from aiops.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, **environment},
    )


def test_the_version_is_told():
    result = run("--version")
    assert (result.returncode, result.stdout) == (0, f"aiops {__version__}\n")


def test_an_unknown_option_is_bad_usage():
    assert run("check", "--nonsense").returncode == 2


def test_a_wrong_configuration_ends_check_with_78_and_one_line_per_problem(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("server:\n  port: no\n  bnd: x\n")
    result = run("check", "--config", str(path))
    assert result.returncode == 78
    assert f"{path}:2:9: server.port: `no`, expected a whole number" in result.stderr
    assert f"{path}:3:3: server.bnd: unknown key; did you mean bind?" in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("error", "command", "code"),
    [
        (ConfigError(["a"]), "run", 78),
        (ConfigError(["a"]), "once", 78),
        (ConfigError(["a"]), "replay", 2),
        (InputError(["a"]), "replay", 2),
        (InputError(["a"]), "run", 2),
        (UnknownPlugin("no such detector"), "try", 2),
        (UnknownPlugin("no such detector"), "run", 1),
        (Unreachable("no answer"), "run", 1),
        (ZeroDivisionError("x"), "run", 1),
    ],
)
def test_each_error_has_its_exit_code(error, command, code, capsys):
    assert cli.report(error, command) == code
    assert len(capsys.readouterr().err.splitlines()) == 1


def fail() -> None:
    raise RuntimeError("a\nsurprise")


@pytest.mark.parametrize("debug", [True, False])
def test_a_traceback_is_shown_on_request_only(debug, monkeypatch, capsys):
    invocation = cli._Invocation()
    app = cli.build(invocation)
    app.command("fail")(fail)
    monkeypatch.setattr(cli, "_Invocation", lambda: invocation)
    monkeypatch.setattr(cli, "build", lambda _: app)
    monkeypatch.setattr(sys, "argv", ["aiops", *(["--debug"] if debug else []), "fail"])
    with pytest.raises(SystemExit) as left:
        cli.main()
    told = capsys.readouterr().err
    assert left.value.code == 1
    assert "RuntimeError: a surprise" in told
    assert ("Traceback" in told) is debug


def test_help_imports_no_heavy_library():
    code = (
        "import sys\nfrom aiops.cli import build\nbuild()\n"
        "print([m for m in sys.argv[1:] if m in sys.modules])"
    )
    heavy = ["numpy", "pandas", "yaml", "pydantic", "duckdb", "sqlalchemy", "fastapi", "plotly"]
    result = subprocess.run(
        [sys.executable, "-c", code, *heavy],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert result.stdout == "[]\n"


def test_listing_plug_ins_names_every_family():
    result = run("plugins")
    assert result.returncode == 0
    for family in ("collectors:", "detectors:", "ticket_systems:", "stores:"):
        assert family in result.stdout.splitlines()


def test_an_unknown_family_is_one_line():
    result = run("plugins", "gadgets")
    assert result.returncode == 2
    assert result.stderr.startswith("aiops: there is no plug-in family 'gadgets'")
    assert len(result.stderr.splitlines()) == 1


def test_crash_points_are_armed_with_the_hidden_option_only():
    code = (
        "import sys\nfrom aiops import cli\nfrom aiops.contracts.crash import crashpoint\n"
        "app = cli.build()\napp.command('visit')(lambda: crashpoint('here'))\n"
        "app(sys.argv[1:])"
    )
    for arguments, expected in ((["visit"], 0), (["--test-hooks", "visit"], -signal.SIGKILL)):
        result = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env={**os.environ, "AIOPS_CRASHPOINTS": "here"},
            capture_output=True,
            timeout=300,
            check=False,
        )
        assert result.returncode == expected
