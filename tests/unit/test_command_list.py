"""The list of commands, as `connector --help` prints it."""

from __future__ import annotations

from typer.testing import CliRunner

from connector.cli.commands import commands


def test_no_summary_is_cut_at_80_columns() -> None:
    """Each command is described by a whole sentence."""
    said = CliRunner().invoke(commands, ["--help"], terminal_width=80).output
    listed = said.partition("Commands:\n")[2].splitlines()
    assert len(listed) == 4
    assert all(line.endswith(".") and not line.endswith("...") for line in listed)
