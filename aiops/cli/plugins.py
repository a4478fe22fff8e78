"""``aiops plugins``: what can be configured, and how far it may be trusted."""

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command()
    def plugins(
        family: Annotated[
            str, typer.Argument(help="collectors, detectors, stores …; all when left out.")
        ] = "",
        name: Annotated[str, typer.Argument(help="One plug-in: its settings are shown.")] = "",
    ) -> None:
        """List plug-ins, or the settings of one."""
        from aiops import plugins as door

        if name:
            _show_settings(family, name)
            return
        for each in (family,) if family else door.FAMILIES:
            typer.echo(f"{each}:")
            for found in door.list_names(each):
                typer.echo(f"  {_describe(each, found)}")


def _describe(family: str, name: str) -> str:
    from aiops import plugins as door
    from aiops.contracts.errors import PluginError

    try:
        plugin = door.load(family, name)
    except PluginError as error:
        return f"{name:<20} not usable: {error}"
    extra = f" [extra: {plugin.extra}]" if plugin.extra else ""
    return f"{name:<20} {plugin.stability:<13} {plugin.owner:<10} {plugin.summary}{extra}"


def _show_settings(family: str, name: str) -> None:
    from aiops import plugins as door
    from aiops.config.reference import list_keys

    plugin = door.load(family, name)
    typer.echo(_describe(family, name))
    for key in list_keys(plugin.settings):
        stated = key.default or "(required)"
        typer.echo(f"  {key.name}: {stated}  # {key.kind}. {key.help}")
