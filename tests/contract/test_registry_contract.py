"""What the registry says of a schema is final; anything else that answers in its place is waited out."""

from __future__ import annotations

import asyncio
import http.server
import json
import threading
from collections.abc import Callable, Iterator

import pytest

from connector.adapters.registry import SchemaRegistry
from connector.ports import RegistryUnavailable
from connector.settings import RegistrySettings

Answer = tuple[int, str, bytes]
JSON, HTML = "application/json", "text/html"


class _Server:
    """Answers every GET with what `answer` returns for its path."""

    def __init__(self) -> None:
        self.answer: Callable[[str], Answer] = lambda _: (500, JSON, b"{}")
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, kind, body = outer.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the base class says
                """Write nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[_Server]:
    """Give a server that a test scripts."""
    mine = _Server()
    yield mine
    mine.close()


def _schema(server: _Server, schema_id: int = 7) -> object | None:
    async def ask() -> object | None:
        registry = SchemaRegistry(RegistrySettings(url=server.url, timeout_s=5))
        try:
            return await registry.schema(schema_id)
        finally:
            await registry.close()

    return asyncio.run(ask())


def _json(body: object, status: int = 200) -> Answer:
    return status, JSON, json.dumps(body).encode()


@pytest.mark.parametrize(
    "answer",
    [
        (200, HTML, b"<html>login</html>"),
        (200, JSON, b""),
        (200, JSON, b'{"schema": "{'),
        _json({}),
        _json([]),
        _json(None),
        _json({"error": "backend"}),
        (204, JSON, b""),
        (302, HTML, b"moved"),
        (404, HTML, b"<html>"),
        _json([], 404),
        _json({"error_code": 404, "message": "HTTP 404 Not Found"}, 404),
        _json({"error_code": 50001, "message": "backend"}, 500),
        _json({"error_code": 401, "message": "who"}, 401),
    ],
)
def test_an_answer_that_is_not_about_the_schema_is_waited_out(server: _Server, answer: Answer) -> None:
    """A proxy, a maintenance page, a cut body, a wrong URL or password: nothing of it is held against a record."""
    server.answer = lambda _: answer
    with pytest.raises(RegistryUnavailable):
        _schema(server)


def test_a_registry_that_does_not_listen_is_waited_out(server: _Server) -> None:
    """A closed port is an outage."""
    server.close()
    with pytest.raises(RegistryUnavailable):
        _schema(server)


def test_an_id_that_does_not_exist_is_final(server: _Server) -> None:
    """The registry's own word."""
    server.answer = lambda _: _json({"error_code": 40403, "message": "Schema not found"}, 404)
    assert _schema(server) is None


def test_an_id_beyond_32_bits_with_a_sign_is_not_asked_for(server: _Server) -> None:
    """Registries answer such a question as if the address were wrong, and one record of garbage would stop its partition."""
    asked: list[str] = []

    def answer(path: str) -> Answer:
        asked.append(path)
        return _json({"error_code": 404, "message": "HTTP 404 Not Found"}, 404)

    server.answer = answer
    assert _schema(server, 2**31) is None
    assert not asked


@pytest.mark.parametrize(
    "found",
    [
        {"schema": "syntax = proto3;", "schemaType": "PROTOBUF"},
        {"schema": '{"type'},
        {"schema": '{"type":"array","items":' * 30_000 + '"null"' + "}" * 30_000},
    ],
)
def test_a_schema_that_is_not_avro_is_final(server: _Server, found: object) -> None:
    """Another type, text that is no JSON, nesting without end: the record cannot be read, now or later."""
    server.answer = lambda _: _json(found)
    with pytest.raises(ValueError, match=r".+"):
        _schema(server)


def test_references_are_put_in_place(server: _Server) -> None:
    """A schema in several subjects becomes one; each definition stands where it is named first."""
    leaf = {"type": "record", "name": "Leaf", "fields": [{"name": "x", "type": "long"}]}
    middle = {"type": "record", "name": "Middle", "fields": [{"name": "leaf", "type": "Leaf"}]}
    root = {
        "type": "record",
        "name": "Root",
        "fields": [{"name": "middle", "type": ["null", "Middle"]}, {"name": "leaf", "type": "Leaf"}],
    }

    def answer(path: str) -> Answer:
        if path.startswith("/schemas/ids/7"):
            return _json({"schema": json.dumps(root), "references": [{"name": "Middle", "subject": "m", "version": 2}]})
        if path.startswith("/subjects/m/versions/2"):
            found = {"schema": json.dumps(middle), "references": [{"name": "Leaf", "subject": "l", "version": 1}]}
            return _json({**found, "subject": "m", "version": 2, "id": 5})
        return _json({"schema": json.dumps(leaf), "subject": "l", "version": 1, "id": 4})

    server.answer = answer
    expected = {
        **root,
        "fields": [
            {"name": "middle", "type": ["null", {**middle, "fields": [{"name": "leaf", "type": leaf}]}]},
            root["fields"][1],
        ],
    }
    assert _schema(server) == expected


def test_a_reference_that_is_gone_is_final(server: _Server) -> None:
    """The schema cannot be put together: its records are dead letters, and the line goes on."""

    def answer(path: str) -> Answer:
        if "/ids/" in path:
            return _json(
                {
                    "schema": '{"type":"record","name":"R","fields":[{"name":"b","type":"B"}]}',
                    "references": [{"name": "B", "subject": "b", "version": 1}],
                }
            )
        return _json({"error_code": 40401, "message": "Subject not found"}, 404)

    server.answer = answer
    with pytest.raises(ValueError, match="references B"):
        _schema(server)
