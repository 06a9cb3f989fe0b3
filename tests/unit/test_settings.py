"""The operator's file: defaults, laws, and all problems at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.adapters import config_file
from connector.errors import ConfigurationError
from connector.settings import OWNED_KAFKA_PROPERTIES, Settings, parse

MINIMAL = """
kafka:
  bootstrap.servers: localhost:9092
  group.id: adjust-connector
schemas: {directory: schemas}
mapping: mapping.yaml
"""


def _parse(folder: Path, text: str, **environment: str) -> Settings:
    file = folder / "connector.yaml"
    file.write_text(text, encoding="utf-8")
    return parse(config_file.read(str(file), environment))


def _problems(folder: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        _parse(folder, text)
    assert caught.value.exit_code == 78
    return str(caught.value).replace(str(folder) + "/", "")


def test_four_keys_are_enough(tmp_path: Path) -> None:
    """Everything else has a default that suits production."""
    settings = _parse(tmp_path, MINIMAL)
    assert settings.adjust.base_url == "https://s2s.adjust.com"
    assert settings.delivery.max_in_flight == 128
    assert settings.commit.interval_ms == 250
    assert (settings.admin.host, settings.admin.port) == ("127.0.0.1", 9400)


def test_variables_may_stand_for_numbers(tmp_path: Path) -> None:
    """A port from the environment is a number like any other."""
    settings = _parse(tmp_path, MINIMAL + "admin: {port: '${PORT:-9400}'}\n", PORT="8123")
    assert settings.admin.port == 8123


def test_an_empty_section_means_its_defaults(tmp_path: Path) -> None:
    """`admin:` with nothing under it is not an error."""
    assert _parse(tmp_path, MINIMAL + "admin:\n").admin.port == 9400


def test_all_problems_are_reported_with_their_line(tmp_path: Path) -> None:
    """One run of the check shows everything that is wrong."""
    text = _problems(
        tmp_path,
        """
kafka:
  group.id: g
  enable.auto.commit: true
schemas: {}
mapping: mapping.yaml
adjust: {base_url: "http://example.com", retries: 3}
delivery:
  max_in_flight: many
  drain_timeout_s: 400
""",
    )
    assert "connector.yaml:3:3: error: kafka: bootstrap.servers is required" in text or "bootstrap.servers is required" in text
    assert "connector.yaml:4" in text
    assert "commits only past settled records" in text
    assert "either directory or registry is required" in text
    assert "connector.yaml:7" in text
    assert "S2S tokens would travel in the clear" in text
    assert "adjust.retries: unknown key" in text
    assert "known here: base_url" in text
    assert "connector.yaml:9" in text
    assert "max.poll.interval.ms = 300000" in text


@pytest.mark.parametrize("name", OWNED_KAFKA_PROPERTIES)
def test_what_the_connector_owns_is_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    """A property that would break a guarantee does not start."""
    text = _problems(tmp_path, MINIMAL.replace("  group.id", f"  {name}: true\n  group.id"))
    assert OWNED_KAFKA_PROPERTIES[name] in text


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("http://127.0.0.1:8800", True),
        ("http://localhost:8800", True),
        ("http://[::1]:8800", True),
        ("https://s2s.adjust.com", True),
        ("http://sandbox:8800", False),
        ("ftp://s2s.adjust.com", False),
        ("https://", False),
        ("https://host:port", False),
        ("https://user:secret@host", False),
        ("https://host/?a=b", False),
        ("https://s2s.adjust.com/", True),
        ("https://s2s.adjust.com/event", False),
        ("https://s2s.adjust .com", False),
    ],
)
def test_plain_http_is_for_loopback(tmp_path: Path, url: str, taken: bool) -> None:  # noqa: FBT001  # a case of the table
    """A token does not travel in the clear unless the operator says so."""
    text = MINIMAL + f"adjust: {{base_url: '{url}'}}\n"
    if taken:
        assert _parse(tmp_path, text).adjust.base_url == url
    else:
        assert "adjust.base_url" in _problems(tmp_path, text)


def test_plain_http_is_taken_where_it_is_allowed(tmp_path: Path) -> None:
    """`allow_plain_http` is the operator's word."""
    settings = _parse(tmp_path, MINIMAL + "adjust: {base_url: 'http://sandbox:8800', allow_plain_http: true}\n")
    assert settings.adjust.base_url == "http://sandbox:8800"


def test_draining_must_end_before_the_group_gives_the_member_up(tmp_path: Path) -> None:
    """A drain deadline that is not below max.poll.interval.ms is refused."""
    kafka = MINIMAL.replace("  group.id", "  max.poll.interval.ms: 20000\n  group.id")
    assert "max.poll.interval.ms = 20000" in _problems(tmp_path, kafka)
    assert _parse(tmp_path, kafka + "delivery: {drain_timeout_s: 19}\n").delivery.drain_timeout_s == 19


@pytest.mark.parametrize("text", ["", "[]", "just text", "kafka: []", "kafka: {a: {b: c}}"])
def test_any_shape_is_answered_with_problems(tmp_path: Path, text: str) -> None:
    """A file of another shape is a configuration error, never a traceback."""
    assert "error" in _problems(tmp_path, text)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("delivery: {max_in_flight: many}", "delivery.max_in_flight: must be a whole number from 1 to 10,000"),
        ("delivery: {max_in_flight: 0}", "delivery.max_in_flight: must be a whole number from 1 to 10,000"),
        ("delivery: {max_in_flight: 1.5}", "delivery.max_in_flight: must be a whole number from 1 to 10,000"),
        ("delivery: {max_buffered_bytes: 1}", "must be a whole number not below 1,000,000"),
        ("adjust: {timeout_s: 0}", "adjust.timeout_s: must be a number above 0, at most 600"),
        ("adjust: {timeout_s: soon}", "adjust.timeout_s: must be a number above 0, at most 600"),
        ("retry: {not_yet_max_age_s: -1}", "must be a number above 0"),
        ("log: {summary_interval_s: -1}", "must be a number not below 0"),
        ("adjust: {allow_plain_http: perhaps}", "adjust.allow_plain_http: must be true or false"),
        ("admin: {host: 1}", "admin.host: must be a text"),
        ("admin: [1]", "admin: must be a section of keys and values"),
        ("adjust: {transport: requests}", "adjust.transport: must be libcurl or httpx"),
        ("adjust: {transport: libcurll}", "did you mean libcurl?"),
        ("log: {level: warn}", "did you mean warning?"),
        ("log: {level: warn}", "log.level: must be debug, info, warning or error"),
        ("adjust: {base_ulr: x}", "did you mean base_url?"),
        ("delivry: {}", "did you mean delivery?"),
        ("dead-letter: {}", "did you mean dead_letter?"),
    ],
)
def test_a_wrong_value_is_told_in_plain_words(tmp_path: Path, line: str, says: str) -> None:
    """The text says what is taken, with the range, and what may have been meant."""
    assert says in _problems(tmp_path, MINIMAL + line + "\n")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("dead_letter: {topic: ''}", "a topic has a name"),
        ("dead_letter: {topic: '{name}.dlq'}", "{topic} is all that is filled in here"),
        ("dead_letter: {topic: '{topic'}", "{topic} is all that is filled in here"),
        ("dead_letter: {topic: 'dead letters'}", "Kafka takes letters, digits"),
        ("dead_letter: {topic: '..'}", "Kafka takes no topic called .."),
        (f"dead_letter: {{topic: '{'x' * 250}'}}", "Kafka takes 249 characters"),
        ("retry: {initial_s: 90}", "retry.initial_s: the first wait, 90 s, is above retry.max_s, the bound of every wait, 60 s"),
        ("retry: {max_s: 0.1}", "retry.max_s: the first wait, 0.5 s, is above retry.max_s"),
        ("retry: {initial_s: '3', max_s: '2'}", "the first wait, 3 s, is above"),
        ("adjust: {proxy: 'proxy:3128'}", "adjust.proxy: not a URL with a host that begins with http://"),
        ("adjust: {proxy: 'ftp://proxy:3128'}", "adjust.proxy: not a URL"),
        ("adjust: {proxy: 'http://'}", "adjust.proxy: not a URL"),
        ("adjust: {proxy: 'socks5://proxy:1080', transport: httpx}", "begins with http:// or https://"),
    ],
)
def test_what_would_fail_later_is_refused_now(tmp_path: Path, line: str, says: str) -> None:
    """A value that the first dead letter, retry or request would stumble over does not start."""
    assert says in _problems(tmp_path, MINIMAL + line + "\n")


@pytest.mark.parametrize("line", ["dead_letter: {topic: dlq}", "dead_letter: {topic: 'x.{topic}_1'}", "retry: {initial_s: 60}"])
def test_what_holds_is_taken(tmp_path: Path, line: str) -> None:
    """The laws refuse no more than they say."""
    assert _parse(tmp_path, MINIMAL + line + "\n").mapping == "mapping.yaml"


@pytest.mark.parametrize("proxy", ["http://proxy:3128", "https://user:secret@proxy", "socks5h://[::1]:1080"])
def test_a_proxy_is_taken_as_the_transport_takes_it(tmp_path: Path, proxy: str) -> None:
    """The default transport speaks to HTTP and SOCKS proxies, with a user where one is needed."""
    assert _parse(tmp_path, MINIMAL + f"adjust: {{proxy: '{proxy}'}}\n").adjust.proxy == proxy


@pytest.mark.parametrize("url", ["localhost:8081", "https://", "http://user:hunter2@registry:8081"])
def test_the_address_of_the_registry_is_a_url_without_a_password(tmp_path: Path, url: str) -> None:
    """It stands in messages and logs: a password has a key of its own, and no problem repeats it."""
    text = _problems(tmp_path, MINIMAL.replace("{directory: schemas}", f"{{registry: {{url: '{url}'}}}}"))
    assert "schemas.registry.url" in text
    assert "hunter2" not in text


def test_a_variable_may_allow_plain_http(tmp_path: Path) -> None:
    """What comes from the environment is text, and means what it means elsewhere."""
    text = MINIMAL + "adjust: {base_url: 'http://sandbox:8800', allow_plain_http: '${PLAIN}'}\n"
    assert _parse(tmp_path, text, PLAIN="true").adjust.allow_plain_http


def test_what_is_no_number_is_told_once(tmp_path: Path) -> None:
    """A law between two numbers says nothing where one of them is wrong by itself."""
    text = _problems(tmp_path, MINIMAL + "retry: {max_s: .nan}\n")
    assert text.count("retry.max_s") == 1
