"""The sandbox over real sockets: with curl as Adjust's documentation shows, with hostile bytes, with faults, as a process."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from connector.cli.sandbox import serve
from connector.errors import ConfigurationError, ServiceUnavailableError, UnreadableError, UsageError
from connector.sandbox import Fault, Sandbox, SandboxConfig

FORM = "s2s=1&app_token=4w565xzmb54d&event_token=f0ob4r&idfa=D2CADB5F-410F-4963-AC0C-2A78534BDF1E"
POST = f"POST /event HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(FORM)}\r\n\r\n{FORM}".encode()
CLOSING_POST = POST.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
DEADLINE_S = 20.0


def run(scenario: Callable[[Sandbox], Awaitable[None]], *faults: Fault, config: SandboxConfig | None = None) -> None:
    """Run `scenario` against a started sandbox, in one event loop and with a deadline."""

    async def main() -> None:
        async with Sandbox(config, faults) as sandbox:
            await asyncio.wait_for(scenario(sandbox), DEADLINE_S)

    asyncio.run(main())


async def curl(*arguments: str) -> str:
    """Run the real curl and return what it printed."""
    process = await asyncio.create_subprocess_exec("curl", "--silent", "--show-error", *arguments, stdout=subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0, f"curl ended with {process.returncode}"
    return output.decode()


async def talk(sandbox: Sandbox, *pieces: bytes, end: bool = True) -> bytes:
    """Send `pieces` on one connection, say that nothing follows if `end`, and return all that comes back.

    Raises `ConnectionResetError` where the sandbox resets.
    """
    assert sandbox.address is not None
    reader, writer = await asyncio.open_connection(*sandbox.address)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if end:
            writer.write_eof()
        return await reader.read()
    finally:
        writer.close()


async def control(sandbox: Sandbox, method: str, path: str, body: str = "") -> tuple[int, Any]:
    """Call the control API with curl and return status and JSON."""
    text = await curl("-X", method, "--data-binary", body, "-w", "\n%{http_code}", f"{sandbox.base_url}/sandbox/{path}")
    answer, _, status = text.rpartition("\n")
    return int(status), json.loads(answer)


def test_documented_request_forms_with_curl() -> None:
    """Protects: the form, the query POST and the GET of Adjust's documentation are answered as it says, and decoded alike."""

    async def scenario(sandbox: Sandbox) -> None:
        url = f"{sandbox.base_url}/event"
        fields = [argument for pair in FORM.split("&") for argument in ("-d", pair)]
        assert (
            await curl("-X", "POST", url, *fields, "--data-urlencode", 'callback_params={"order":"1 & 2"}') == '{"status":"OK"}'
        )
        assert await curl("-X", "POST", f"{url}?{FORM}") == '{"status":"OK"}'
        assert await curl(f"{url}?{FORM}") == '{"status":"OK"}'
        assert [entry.method for entry in sandbox.journal] == ["POST", "POST", "GET"]
        first, second, third = (entry.parameters for entry in sandbox.journal)
        assert second == third == {key: value for key, value in first.items() if key != "callback_params"}
        assert first["callback_params"] == '{"order":"1 & 2"}'

    run(scenario)


def test_refusal_with_curl() -> None:
    """Protects: a refusal has Adjust's status and form, and the journal knows both."""

    async def scenario(sandbox: Sandbox) -> None:
        answer = await curl("-w", " %{http_code} %{content_type}", "-d", FORM, "-d", "revenue=1e9", f"{sandbox.base_url}/event")
        assert answer == '{"error":"Event request failed (Invalid revenue)"} 400 application/json'
        (entry,) = sandbox.journal
        assert (entry.status, entry.error, entry.counted) == (400, "Event request failed (Invalid revenue)", False)

    run(scenario)


def test_bearer_token_with_curl() -> None:
    """Protects: the documented header carries the token, and the journal says that one came but never which."""
    token = "abcdefabcdefabcdefabcdefabcdefab"  # noqa: S105  # of this test
    config = SandboxConfig.model_validate({"apps": {"4w565xzmb54d": {"s2s_tokens": [token]}}})

    async def scenario(sandbox: Sandbox) -> None:
        url = f"{sandbox.base_url}/event"
        assert await curl("-d", FORM, "-H", f"Authorization: Bearer {token}", url) == '{"status":"OK"}'
        assert (
            await curl("-w", "%{http_code}", "-d", FORM, url)
            == '{"error":"Event request failed (Missing authentication token)"}202'
        )
        assert [entry.token_sent for entry in sandbox.journal] == [True, False]
        assert token not in json.dumps([entry.as_json() for entry in sandbox.journal])

    run(scenario, config=config)


def test_one_megabyte_limit_with_curl() -> None:
    """Protects: a request over 1 MB is 413 in Adjust's words, one below it is read."""

    async def scenario(sandbox: Sandbox) -> None:
        url = f"{sandbox.base_url}/event"
        for size, status in ((900_000, 200), (1_100_000, 413), (6_000_000, 413)):
            process = await asyncio.create_subprocess_exec(
                "curl", "-s", "-w", "%{http_code}", "--data-binary", "@-", url, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            output, _ = await process.communicate(f"{FORM}&x=".encode() + b"y" * size)
            assert output.decode().endswith(str(status))
            assert status == 200 or b"Request size too large" in output

    run(scenario)


@pytest.mark.parametrize("pieces", [(POST * 3,), (*(POST[start : start + 7] for start in range(0, len(POST), 7)), POST, POST)])
def test_pipelining_and_pieces(pieces: tuple[bytes, ...]) -> None:
    """Protects: requests on one connection are answered in order, however their bytes are cut."""

    async def scenario(sandbox: Sandbox) -> None:
        assert (await talk(sandbox, *pieces)).count(b"HTTP/1.1 200 OK") == 3
        assert {entry.connection for entry in sandbox.journal} == {1}

    run(scenario)


@pytest.mark.parametrize(
    ("stream", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xff" * 200, 400),
        (b"\0" * 1000, 400),
        (b"hello\n\n", 400),
        (b"POST /event HTTP/1.1\r\nContent-Length: 5", 400),
        (b"POST /event HTTP/1.1\r\nContent-Length: 500\r\n\r\ns2s=1", 400),
        (b"POST /event HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET /event HTTP/1.1\r\nX: " + b"a" * 100_000, 431),
        (b"POST /event HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"GET /%ff%00?%=%zz&&&=&a=%c3 HTTP/1.1\r\n\r\n", 404),
        (b"GET /event?app_token=%00%ff%c3%28 HTTP/1.1\r\n\r\n", 400),
        (b"DELETE /event HTTP/1.1\r\n\r\n", 405),
        (b"POST /event HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", 400),
        (b"GET /sandbox/requests?since=x HTTP/1.1\r\n\r\n", 400),
        (b"GET /sandbox/nothing HTTP/1.1\r\n\r\n", 404),
        (b"GET /sandbox/reset HTTP/1.1\r\n\r\n", 405),
    ],
)
def test_hostile_bytes(stream: bytes, status: int, caplog: pytest.LogCaptureFixture) -> None:
    """Protects: any bytes are answered with a status and an error in JSON, nothing is logged or raised, the next is served."""

    async def scenario(sandbox: Sandbox) -> None:
        answer = await talk(sandbox, stream)
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert "error" in json.loads(answer.partition(b"\r\n\r\n")[2])
        assert (await talk(sandbox, POST)).startswith(b"HTTP/1.1 200 ")

    run(scenario)
    assert caplog.records == []


def test_client_that_reads_late_gets_every_answer() -> None:
    """Protects: pausing and resuming at a client that pipelines more than the buffers hold loses and reorders nothing."""

    async def scenario(sandbox: Sandbox) -> None:
        assert sandbox.address is not None
        one = await talk(sandbox, POST)
        reader, writer = await asyncio.open_connection(*sandbox.address, limit=1024)
        writer.write(POST * 30_000)
        flood = asyncio.create_task(writer.drain())
        assert await reader.readexactly(30_000 * len(one)) == one * 30_000
        await flood
        writer.close()

    run(scenario)


@pytest.mark.parametrize("action", ["close", "reset"])
@pytest.mark.parametrize("counts", [True, False])
def test_connection_ended_after_reading(action: str, counts: bool) -> None:  # noqa: FBT001  # given by the table
    """Protects: a request that was read and never answered is in the journal as such, with what became of it at Adjust."""

    async def scenario(sandbox: Sandbox) -> None:
        if action == "reset":
            with pytest.raises(ConnectionResetError):
                await talk(sandbox, POST, end=False)
        else:
            assert await talk(sandbox, POST, end=False) == b""
        (entry,) = sandbox.journal
        assert (entry.status, entry.answered_s, entry.fault, entry.counted) == (None, None, "it", counts)
        assert entry.body == FORM.encode()
        assert (await talk(sandbox, POST)).startswith(b"HTTP/1.1 200 ")

    run(scenario, Fault.model_validate({"name": "it", "action": action, "limit": 1, "counts": counts}))


def test_kept_alive_connection_closed_on_a_later_request() -> None:
    """Protects: a connection that served a request can be closed on its next one, after that was read."""

    async def scenario(sandbox: Sandbox) -> None:
        answer = await talk(sandbox, POST, POST.replace(b"f0ob4r", b"abc123"), end=False)
        assert answer.count(b"HTTP/1.1") == 1
        assert [entry.status for entry in sandbox.journal] == [200, None]
        assert sandbox.connections_opened == 1

    run(scenario, Fault(event_token="abc123", action="close"))  # noqa: S106  # no secret


def test_cut_answer() -> None:
    """Protects: an answer can end in its middle, with a length that promises more."""

    async def scenario(sandbox: Sandbox) -> None:
        head, _, body = (await talk(sandbox, POST, end=False)).partition(b"\r\n\r\n")
        promised = re.search(rb"Content-Length: (\d+)", head)
        assert promised is not None
        assert 0 < len(body) < int(promised[1])
        assert next(iter(sandbox.journal)).status is None

    run(scenario, Fault(action="cut"))


def test_slow_body_arrives_whole() -> None:
    """Protects: a trickled answer is complete in the end and takes its time."""

    async def scenario(sandbox: Sandbox) -> None:
        answer = await talk(sandbox, CLOSING_POST, end=False)
        assert answer.endswith(b'{"error":"Internal error, contact support@adjust.com"}')
        (entry,) = sandbox.journal
        assert entry.answered_s is not None
        assert entry.answered_s - entry.arrived_s >= 0.15

    run(scenario, Fault(action="slow", latency_s=0.2))


def test_hang_ends_when_the_client_gives_up() -> None:
    """Protects: a black hole answers nothing, and the journal closes the request when the client goes."""

    async def scenario(sandbox: Sandbox) -> None:
        assert sandbox.address is not None
        _, writer = await asyncio.open_connection(*sandbox.address)
        writer.write(POST)
        await sandbox.until(lambda journal: journal.open == 1)
        writer.close()
        await sandbox.until(lambda journal: journal.received == 1 and journal.open == 0)
        assert next(iter(sandbox.journal)).status is None

    run(scenario, Fault(action="hang"))


def test_latency_holds_every_answer() -> None:
    """Protects: the latency of a load test is kept on each request, and requests on other connections do not queue behind it."""

    async def scenario(sandbox: Sandbox) -> None:
        await asyncio.gather(*(talk(sandbox, CLOSING_POST, end=False) for _ in range(20)))
        entries = list(sandbox.journal)
        assert all(entry.answered_s is not None and entry.answered_s - entry.arrived_s >= 0.2 for entry in entries)
        assert max(entry.arrived_s for entry in entries) < min(entry.answered_s or 0.0 for entry in entries)

    run(scenario, config=SandboxConfig(latency_ms=250))


def test_third_of_first_attempts_fails() -> None:
    """Protects: the documented script: about a third of first attempts answer 500, each succeeds when sent again."""

    async def scenario(sandbox: Sandbox) -> None:
        for number in range(300):
            body = f"{FORM}&n={number}"
            request = POST.split(b"Content-Length")[0] + f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
            await talk(sandbox, request + request)
        failed = sandbox.journal.select(lambda entry: entry.status == 500)
        assert 70 < len(failed) < 130
        assert all(entry.attempt == 1 and entry.fault == "third" for entry in failed)
        assert len(sandbox.journal.select(lambda entry: entry.delivered)) == 600 - len(failed)

    run(scenario, Fault(name="third", attempts=1, rate=1 / 3, status=500))


def test_control_api() -> None:
    """Protects: a test in another process can set faults, page through what arrived, read the counts and begin anew."""

    async def scenario(sandbox: Sandbox) -> None:
        status, faults = await control(
            sandbox,
            "PUT",
            "faults",
            '[{"name":"busy","status":429,"body":"<html>","content_type":"text/html","retry_after_s":7}]',
        )
        assert (status, faults[0]["name"]) == (200, "busy")
        answer = await curl("-i", "-d", FORM, f"{sandbox.base_url}/event")
        assert "429 Too Many Requests" in answer
        assert "Retry-After: 7" in answer
        assert "Content-Type: text/html" in answer
        assert (await control(sandbox, "PUT", "faults", "[]"))[1] == []
        for _ in range(2):
            await curl("-d", FORM, f"{sandbox.base_url}/event")
        status, page = await control(sandbox, "GET", "requests?limit=2")
        assert (status, page["next"], page["received"], page["dropped"]) == (200, 2, 3, 0)
        assert [(entry["status"], entry["fault"]) for entry in page["requests"]] == [(429, "busy"), (200, None)]
        assert len((await control(sandbox, "GET", "requests?since=2"))[1]["requests"]) == 1
        summary = (await control(sandbox, "GET", "summary"))[1]
        assert (summary["received"], summary["delivered"], summary["faults"]) == (3, 2, {"busy": 1})
        assert (await control(sandbox, "POST", "reset"))[1] == {"status": "OK"}
        assert (await control(sandbox, "GET", "summary"))[1]["received"] == 0
        status, answer = await control(sandbox, "PUT", "faults", '[{"statsu":1}]')
        assert (status, answer) == (400, {"error": ["0.statsu: unknown key"]})
        status, answer = await control(sandbox, "GET", "requests?after=3")
        assert (status, answer) == (400, {"error": "unknown query parameter: since and limit are known"})

    run(scenario)


def test_reset_during_a_request() -> None:
    """Protects: a request that ends after a reset changes nothing in the new journal."""

    async def scenario(sandbox: Sandbox) -> None:
        request = asyncio.create_task(talk(sandbox, CLOSING_POST, end=False))
        await sandbox.until(lambda journal: journal.open == 1)
        sandbox.reset()
        await request
        assert (sandbox.journal.received, sandbox.journal.open) == (0, 0)

    run(scenario, config=SandboxConfig(latency_ms=100))


async def _end_of(reader: asyncio.StreamReader) -> str:
    try:
        return "closed" if await reader.read() == b"" else "answered"
    except ConnectionResetError:
        return "reset"


def test_stop_leaves_nothing() -> None:
    """Protects: stopping cuts open requests, notes them, and returns; a second stop does nothing."""

    async def main() -> None:
        sandbox = Sandbox(faults=[Fault(action="hang")])
        address = await sandbox.start()
        reader, writer = await asyncio.open_connection(*address)
        writer.write(POST)
        await sandbox.until(lambda journal: journal.open == 1)
        await asyncio.wait_for(sandbox.stop(), DEADLINE_S)
        await sandbox.stop()
        assert sandbox.journal.open == 0
        assert await _end_of(reader) in {"closed", "reset"}
        writer.close()
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncio.open_connection(*address)

    asyncio.run(main())


def test_port_in_use() -> None:
    """Protects: a port in use is one clear error that says what to do."""

    async def scenario(sandbox: Sandbox) -> None:
        assert sandbox.address is not None
        with pytest.raises(ServiceUnavailableError, match=rf"port {sandbox.address[1]} on 127\.0\.0\.1 is in use"):
            await Sandbox().start(*sandbox.address)

    run(scenario)


@pytest.mark.parametrize(("port", "latency_ms"), [(70_000, None), (0, -1.0), (0, float("nan"))])
def test_numbers_out_of_range(port: int, latency_ms: float | None) -> None:
    """Protects: a port or a latency that cannot be is a usage error, not a traceback."""
    with pytest.raises(UsageError):
        serve("127.0.0.1", port, latency_ms=latency_ms)


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    """Protects: a missing file and a wrong one are each one clear error."""
    with pytest.raises(UnreadableError, match=r"faults\.json"):
        serve("127.0.0.1", 0, faults=str(tmp_path / "faults.json"))
    (tmp_path / "faults.json").write_text('[{"rate":2}]')
    with pytest.raises(ConfigurationError, match=r"faults\.json: error: 0\.rate: must be at most 1"):
        serve("127.0.0.1", 0, faults=str(tmp_path / "faults.json"))
    (tmp_path / "sandbox.yaml").write_text("latncy_ms: 5\n")
    with pytest.raises(ConfigurationError, match=r"sandbox\.yaml:1:\d+: error: latncy_ms: unknown key"):
        serve("127.0.0.1", 0, config=str(tmp_path / "sandbox.yaml"))


def test_as_a_process(tmp_path: Path) -> None:
    """Protects: the command prints its address once it listens, serves what its files say, and ends with SIGTERM, code 0."""
    (tmp_path / "sandbox.yaml").write_text("apps: {4w565xzmb54d: {active: false}}\n")
    (tmp_path / "faults.json").write_text('[{"event_token":"abc123","status":503}]')
    program = (
        f"from connector.cli.sandbox import serve; serve('127.0.0.1', 0, '{tmp_path}/sandbox.yaml', '{tmp_path}/faults.json')"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.fullmatch(r"sandbox listening on (http://127\.0\.0\.1:\d+)\n", process.stdout.readline())
            assert found is not None
            assert asyncio.run(curl("-d", FORM, f"{found[1]}/event")) == '{"error":"Event request failed (App is inactive)"}'
            assert "503" in asyncio.run(curl("-i", "-d", FORM.replace("f0ob4r", "abc123"), f"{found[1]}/event"))
        finally:
            process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=DEADLINE_S)
        assert (process.returncode, output, errors) == (0, "", "")
