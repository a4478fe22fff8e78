"""The command line: each module of this package registers its own commands.

A module ``aiops/cli/<name>.py`` exposes ``register(app)``; one called ``try_<name>`` is
registered below ``aiops try``. Modules import only the standard library and typer at their
top, so that ``aiops --help`` answers at once.

Exit codes: 0 done; 2 bad usage or input; 78 (``EX_CONFIG`` of ``sysexits.h``) a wrong
configuration of a daemon command; 1 anything else.
"""

import importlib
import os
import pkgutil
import sys
import traceback
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from aiops import __version__
from aiops.contracts.errors import AiopsError, ConfigError, InputError, UnknownPlugin

EXIT_ERROR: Final = 1
EXIT_USAGE: Final = 2
EXIT_CONFIG: Final = 78
DAEMON_COMMANDS: Final = frozenset({"edge", "run", "once", "check", "doctor"})


@dataclass
class _Invocation:
    """What the global options said, for the moment an error is reported."""

    command: str = ""
    debug: bool = False


def main() -> None:
    """Runs the command line and exits the process."""
    invocation = _Invocation()
    try:
        build(invocation)()
    except Exception as error:  # noqa: BLE001 - the outermost edge: any error becomes an exit code
        if invocation.debug:
            traceback.print_exc()
        sys.exit(report(error, invocation.command))


def build(invocation: _Invocation | None = None) -> typer.Typer:
    """Returns the application with every module of this package registered."""
    invocation = invocation or _Invocation()
    app = typer.Typer(
        name="aiops",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        help="Predictive maintenance: every decision explained, one ticket per failure.",
    )
    trial = typer.Typer(no_args_is_help=True, help="Judge one brain on files of your own.")
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        register = getattr(importlib.import_module(f"{__name__}.{name}"), "register", None)
        if register is not None:
            register(trial if name.startswith("try_") else app)
    if trial.registered_commands or trial.registered_groups:
        app.add_typer(trial, name="try")

    @app.callback()
    def take_global_options(
        context: typer.Context,
        version: Annotated[  # noqa: ARG001 - its callback has done all the work
            bool,
            typer.Option("--version", help="Show the version.", callback=_show, is_eager=True),
        ] = False,
        debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
        test_hooks: Annotated[bool, typer.Option("--test-hooks", hidden=True)] = False,
    ) -> None:
        """Predictive maintenance: every decision explained, one ticket per failure."""
        invocation.command = context.invoked_subcommand or ""
        invocation.debug = debug
        if test_hooks:
            from aiops.contracts.crash import arm

            arm(os.environ.get("AIOPS_CRASHPOINTS", ""))

    return app


def report(error: Exception, command: str) -> int:
    """Writes an error to standard error, one line per problem, and returns the exit code."""
    if isinstance(error, ConfigError | InputError):
        for problem in error.problems:
            typer.echo(problem, err=True)
        daemon = isinstance(error, ConfigError) and command in DAEMON_COMMANDS
        return EXIT_CONFIG if daemon else EXIT_USAGE
    text = " ".join(str(error).split())
    if isinstance(error, AiopsError):
        typer.echo(f"aiops: {text}", err=True)
        if isinstance(error, UnknownPlugin) and command not in DAEMON_COMMANDS:
            return EXIT_USAGE
    else:
        kind = type(error).__name__
        typer.echo(f"aiops: {kind}: {text} (aiops --debug … shows where)", err=True)
    return EXIT_ERROR


def _show(value: bool) -> None:
    if value:
        typer.echo(f"aiops {__version__}")
        raise typer.Exit
