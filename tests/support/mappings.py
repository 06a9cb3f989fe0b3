"""Mapping files that a test knows to be sound."""

from __future__ import annotations

from connector.document import Document
from connector.mapping.parse import MappingFile, read_mapping


def sound_mapping(document: Document) -> MappingFile:
    """Return the mapping in `document`, which has no problem of its shape."""
    mapping, problems = read_mapping(document)
    assert [problem.render() for problem in problems] == []
    return mapping
