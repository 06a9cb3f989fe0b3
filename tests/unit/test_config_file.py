"""Reading a configuration file: places, variables, and every problem at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector import settings
from connector.adapters.config_file import MAX_DEPTH, read, resolve
from connector.document import Document, Position
from connector.errors import ConfigurationError, UnreadableError


def document(folder: Path, text: str | bytes, **environment: str) -> Document:
    """Return the document of a file with `text`."""
    file = folder / "connector.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(str(file), environment)


def problems(folder: Path, text: str | bytes, **environment: str) -> list[tuple[Position | None, str]]:
    """Return place and message of every problem of a file with `text`."""
    with pytest.raises(ConfigurationError) as caught:
        document(folder, text, **environment)
    return [(problem.position, problem.message) for problem in caught.value.problems]


def test_values_keep_their_yaml_type_and_their_place(tmp_path: Path) -> None:
    """A number is a number, a date stays text, and each value knows where it stands."""
    found = document(tmp_path, "a: 1\nb: [2.5, true, null, 0x1F, 1_000, 2024-01-01]\nc:\n  d: text\n")
    assert found.tree == {"a": 1, "b": [2.5, True, None, 31, 1000, "2024-01-01"], "c": {"d": "text"}}
    assert found.position(("a",)) == Position(1, 4)
    assert found.position(("b", 1)) == Position(2, 10)
    assert found.position(("c",)) == Position(3, 1)
    assert found.position(("c", "d")) == Position(4, 6)


def test_an_unknown_path_has_the_place_of_its_parent(tmp_path: Path) -> None:
    """A problem about a missing key points at the section that lacks it."""
    assert document(tmp_path, "a:\n  b: 1\n").position(("a", "missing")) == Position(1, 1)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("${NAME}", "value"),
        ("x${NAME}y${NAME}", "xvalueyvalue"),
        ("${MISSING:-fallback}", "fallback"),
        ("${MISSING:-}", ""),
        ("${EMPTY}", ""),
        ("${EMPTY:-fallback}", "fallback"),
        ("$${NAME}", "${NAME}"),
        ("$NAME and $$", "$NAME and $$"),
        ("${NAME:-other}", "value"),
        ("${CURLY}", "${NAME}"),
    ],
)
def test_variables_are_filled_in(tmp_path: Path, written: str, expected: str) -> None:
    """A variable, a default, an escape; what a variable holds is not looked at again."""
    found = document(tmp_path, f"a: '{written}'\n", NAME="value", EMPTY="", CURLY="${NAME}")
    assert found.tree == {"a": expected}


def test_a_filled_in_number_serves_as_a_number_of_the_settings(tmp_path: Path) -> None:
    """`port: ${PORT:-9400}` is text in the tree and a number in the settings."""
    text = "kafka: {bootstrap.servers: a, group.id: b}\nschemas: {directory: s}\nmapping: m.yaml\nadmin:\n  port: ${PORT:-9400}\n"
    found = document(tmp_path, text)
    assert found.tree["admin"] == {"port": "9400"}  # type: ignore[index, call-overload]  # the tree is a mapping
    assert settings.parse(found).admin.port == 9400


def test_all_problems_come_at_once_with_their_places(tmp_path: Path) -> None:
    """A duplicate key, two missing variables and an unfinished one are four problems of one report."""
    found = problems(tmp_path, "a: 1\na: 2\nb: ${ONE}\nc: x ${TWO} ${\n")
    assert [place and place.line for place, _ in found] == [2, 3, 4, 4]
    assert "line 1" in found[0][1]
    assert "ONE" in found[1][1]
    assert "TWO" in found[2][1]
    assert "unfinished" in found[3][1]


def test_the_value_of_a_variable_is_in_no_error(tmp_path: Path) -> None:
    """A secret that stands beside a mistake does not reach the terminal."""
    with pytest.raises(ConfigurationError) as caught:
        document(tmp_path, "a: ${SECRET} ${MISSING}\n", SECRET="hunter2")  # noqa: S106  # the secret of the test
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("a:\n\tb: 1\n", 2, 1, "cannot start any token"),
        ("a: b: c\n", 1, 5, "mapping values are not allowed"),
        (b"a: 1\nb: \xff\n", 2, 4, "not UTF-8"),
        ("a: 1\n---\nb: 2\n", 3, 1, "second document"),
        ("a: \x01\n", 1, 4, "control character"),
        ("a: !custom 1\n", 1, 4, "tag !custom"),
        ("a: &x [*x]\n", 1, 4, "contains itself"),
        ("a: *x\n", 1, 4, "undefined alias"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", 3, 3, "merge keys"),
        ("? [a]\n: 1\n", 1, 3, "a key must be a text"),
        ("a: " + "9" * 5000 + "\n", 1, 4, "not a number"),
    ],
)
def test_what_is_not_a_configuration_is_refused_with_its_place(
    tmp_path: Path, text: str | bytes, line: int, column: int, says: str
) -> None:
    """Syntax errors, encodings, tags, cycles: one clear problem each, never a traceback."""
    ((place, message),) = problems(tmp_path, text)
    assert place == Position(line, column)
    assert says in message


def test_deep_nesting_and_exploding_aliases_are_refused(tmp_path: Path) -> None:
    """A file cannot exhaust the stack or the memory."""
    assert "nested too deeply" in problems(tmp_path, "[" * 5000)[0][1]
    chain = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, MAX_DEPTH + 9))
    assert "nested too deeply" in problems(tmp_path, chain)[0][1]
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    assert "more than 100,000 values" in problems(tmp_path, bomb)[0][1]


@pytest.mark.parametrize("text", ["", "# nothing\n", "\ufeff", "---\n"])
def test_an_empty_file_is_an_empty_document(tmp_path: Path, text: str) -> None:
    """Its problems are then those of the missing keys, told by whoever needs them."""
    assert not document(tmp_path, text).tree


def test_a_byte_order_mark_and_crlf_are_read(tmp_path: Path) -> None:
    """Files saved on Windows mean the same."""
    found = document(tmp_path, b"\xef\xbb\xbfa: 1\r\nb:\r\n  c: 2\r\n")
    assert found.tree == {"a": 1, "b": {"c": 2}}
    assert found.position(("b", "c")) == Position(3, 6)


@pytest.mark.parametrize(("name", "says"), [("missing.yaml", "no such file"), (".", "directory"), ("a\0b", "not a usable path")])
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, says: str) -> None:
    """A missing file, a folder and an impossible name are told apart from a wrong file."""
    with pytest.raises(UnreadableError, match=says) as caught:
        read(f"{tmp_path}/{name}", {})
    assert caught.value.exit_code == 66


def test_relative_paths_are_relative_to_their_file(tmp_path: Path) -> None:
    """The folder of the process does not matter; an absolute path stays."""
    (tmp_path / "inner").mkdir()
    found = document(tmp_path / "inner", "a: 1\n")
    assert resolve(found, "../schemas") == str(tmp_path / "schemas")
    assert resolve(found, "/etc/schemas") == "/etc/schemas"
