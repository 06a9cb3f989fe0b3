"""The commands and their options."""

from __future__ import annotations

from typing import Annotated

import typer

from connector import __version__

commands = typer.Typer(
    name="connector",
    help="Deliver Avro app events from Kafka to Adjust's S2S API: in order per key, committed only when settled.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

SettingsPath = Annotated[str, typer.Option("--settings", "-s", help="The settings file.")]


@commands.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False) -> None:  # noqa: FBT002  # an option
    """Print the version."""
    if show:
        typer.echo(__version__)
        raise typer.Exit


@commands.command()
def run(settings: SettingsPath = "connector.yaml") -> None:
    """Run the connector until SIGTERM or SIGINT: it then drains, commits and ends."""
    from connector.cli.run import run as start  # noqa: PLC0415  # each command loads what it needs

    start(settings)


@commands.command()
def check(settings: SettingsPath = "connector.yaml") -> None:
    """Check the settings, the mapping and the schemas they name: every problem at once, with file and line."""
    from connector.cli.check import check as inspect  # noqa: PLC0415  # each command loads what it needs

    raise typer.Exit(inspect(settings))


@commands.command()
def sandbox(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8800,
    config: Annotated[str | None, typer.Option(help="A sandbox.yaml: apps, devices and rules.")] = None,
    faults: Annotated[str | None, typer.Option(help="A JSON file with scripted faults.")] = None,
    latency_ms: Annotated[float | None, typer.Option(help="Milliseconds before every answer.")] = None,
) -> None:
    """Serve a stand-in for Adjust's S2S API that enforces its documented rules."""
    from connector.cli.sandbox import serve  # noqa: PLC0415  # each command loads what it needs

    serve(host, port, config, faults, latency_ms)
