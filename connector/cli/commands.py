"""The commands and their options.

**Rule**: a command loads what it needs when it is called, so that `--help` waits for no Kafka client. Nothing is decided here.
"""

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
def version(show: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False) -> None:
    """Print the version."""
    if show:
        typer.echo(__version__)
        raise typer.Exit


@commands.command()
def run(settings: SettingsPath = "connector.yaml") -> None:
    """Run the connector until SIGTERM or SIGINT.

    It then drains, commits and ends.
    """
    from connector.cli.run import run as start

    start(settings)


@commands.command()
def check(settings: SettingsPath = "connector.yaml") -> None:
    """Check settings, mapping and schemas without a network.

    Prints every problem at once, with file and line.
    """
    from connector.cli.check import check as inspect

    raise typer.Exit(inspect(settings))


@commands.command()
def sandbox(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8800,
    config: Annotated[str | None, typer.Option(help="A sandbox.yaml: apps, devices and rules.")] = None,
    faults: Annotated[str | None, typer.Option(help="A JSON file with scripted faults.")] = None,
    latency_ms: Annotated[float | None, typer.Option(help="Milliseconds before every answer.")] = None,
) -> None:
    """Serve a stand-in for Adjust's S2S API.

    It enforces Adjust's documented rules, lists what it received and fails on demand.
    """
    from connector.cli.sandbox import serve

    serve(host, port, config, faults, latency_ms)


@commands.command()
def demo(
    events: Annotated[int, typer.Option(help="How many events to produce.", min=1, max=100_000)] = 6_000,
    seed: Annotated[int, typer.Option(help="Seed of the events.")] = 1,
    keep_running: Annotated[bool, typer.Option("--keep-running", help="Stay up after the account, print the addresses.")] = False,
    produce_only: Annotated[bool, typer.Option("--produce-only", help="Only write sample events to a cluster.")] = False,
    bootstrap_servers: Annotated[str | None, typer.Option(help="With --produce-only: the cluster.")] = None,
    registry: Annotated[str | None, typer.Option(help="With --produce-only: register the schema here.")] = None,
    topic: Annotated[str | None, typer.Option(help="With --produce-only: the topic.")] = None,
) -> None:
    """Run the connector on sample events and account for each.

    They go through an embedded Kafka to the sandbox; nothing else is needed.
    """
    from connector.cli.demo import demo as perform
    from connector.cli.demo import produce_only as produce
    from connector.cli.demo import refuse_without_effect

    cluster = {"--bootstrap-servers": bootstrap_servers, "--registry": registry, "--topic": topic}
    refuse_without_effect(produce_only=produce_only, keep_running=keep_running, cluster=cluster)
    if produce_only:
        produce(bootstrap_servers, registry, topic, events, seed)
        return
    raise typer.Exit(perform(events=events, seed=seed, keep_running=keep_running))
