"""`sandbox.yaml`: defaults, and every problem at once."""

from __future__ import annotations

import pytest

from connector.document import Document, Position, Tree
from connector.errors import ConfigurationError
from connector.sandbox import SandboxConfig
from connector.sandbox.config import parse


def document(tree: Tree) -> Document:
    """Return a document with one known place."""
    return Document("sandbox.yaml", ".", tree, {("apps", "4w565xzmb54d", "activ"): Position(3, 5)})


def test_empty_file_is_the_default() -> None:
    """Protects: an empty file and no file are the same."""
    assert parse(document({})) == parse(document(None)) == SandboxConfig()


def test_whole_file() -> None:
    """Protects: what a YAML file says reaches the configuration."""
    config = parse(document({"apps": {"4w565xzmb54d": {"s2s_tokens": ["t"], "active": False}}, "chronological": False}))
    app = config.app("4w565xzmb54d")
    assert app is not None
    assert (app.s2s_tokens, app.active, config.chronological) == (frozenset({"t"}), False, False)
    assert config.app("abcabcabcabc") is None


def test_all_problems_at_once_with_their_place() -> None:
    """Protects: a wrong file is refused with every problem, by line, and with no value in the text."""
    tree: Tree = {"apps": {"4w565xzmb54d": {"activ": True, "s2s_tokens": [{"secret": "hunter2"}]}}, "latency_ms": -1}
    with pytest.raises(ConfigurationError) as caught:
        parse(document(tree))
    text = str(caught.value)
    assert len(caught.value.problems) == 3
    assert "sandbox.yaml:3:5: error: apps.4w565xzmb54d.activ: unknown key" in text
    assert "hunter2" not in text
