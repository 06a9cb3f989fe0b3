"""A stand-in for Adjust that enforces its documented rules, keeps a journal, and fails on demand.

In the event loop of a test:

    async with Sandbox(SandboxConfig(), [Fault(attempts=1, rate=1 / 3, status=500)]) as sandbox:
        ...                                          # sandbox.base_url is "http://127.0.0.1:PORT"
        await sandbox.until(lambda journal: journal.received >= 20)
        for entry in sandbox.journal:                # in order of arrival
            entry.sequence, entry.path, entry.parameters["event_token"], entry.status, entry.attempt, entry.fault

- `await Sandbox(config, faults, unix_s=, monotonic_s=).start(host, port, tls)` returns `(host, port)`; `await stop()`;
  `set_faults(*faults)`, `reset()`, `await until(condition)`, `.journal`, `.base_url`, `.connections_opened`.
- `Journal`: iteration, `since(sequence, limit)`, `select(wanted)`, `summary()`, `.received`, `.open`, `.dropped`.
- `Entry`: `sequence, arrived_s, answered_s, connection, method, path, query, body, parameters, token_sent, attempt, status,
  error, fault, counted, delivered`. `status` is None where no answer left (a fault closed or reset the connection, or the
  client gave up); `counted` says that Adjust's rules accepted the request, whatever the client was told.
- `Fault`: matching (`path`, `app_token`, `event_token`, `parameters`), how often (`attempts`, `rate`, `limit`, `start_s`,
  `end_s`, `identity`), and what happens (`action`, `status`, `body`, `retry_after_s`, `latency_s`, `counts`).
- `SandboxConfig`: apps and their S2S tokens, unique and blocklisted event tokens, opted-out and unknown devices, limits,
  `latency_ms`. Without any it knows every well-formed token and every device and asks for no S2S token.

As a process it is `connector sandbox` (`connector.cli.sandbox.serve`), with the JSON API of `connector.sandbox.control`.

Inside:

    server        a socket, and what a test holds of the sandbox
    connection    one TCP connection, with the faults that touch it
    http1         HTTP/1.1 without sockets
    exchange      one request's way from arrival to answer
    parameters    the parameters of a request, from its three forms
    world         Adjust's rules, and what they remember
    values        the formats of single values
    faults        which request is answered otherwise, and how
    journal       what arrived, and how it was answered
    control       the JSON API beside Adjust's paths
    config        the keys of `sandbox.yaml`
    wording       what is wrong with one, in words

**Rule**: repeatable: seeds and clocks are given, and no answer depends on the order in which concurrent requests arrive
beyond what Adjust's own rules make of it.
"""

from connector.sandbox.config import SandboxApp, SandboxConfig
from connector.sandbox.faults import Fault
from connector.sandbox.journal import Entry, Journal
from connector.sandbox.server import Sandbox

__all__ = ["Entry", "Fault", "Journal", "Sandbox", "SandboxApp", "SandboxConfig"]
