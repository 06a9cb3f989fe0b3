"""The journal: everything received, bounded, and counted even when no longer kept."""

from __future__ import annotations

from connector.sandbox import Entry, Journal


def enter(journal: Journal, number: int, path: str = "/event") -> Entry:
    """Enter a request that is told from others by `n`."""
    return journal.enter(float(number), 1, "POST", path, b"a=1&n=q", b"n=%d&name=J%%C3%%B6+B" % number)


def test_entries_are_decoded_when_asked_for() -> None:
    """Protects: parameters of query and form are there together, decoded, and the form wins."""
    entry = enter(Journal(10), 7)
    assert entry.parameters == {"a": "1", "n": "7", "name": "Jö B"}
    assert entry.as_json()["parameters"] == entry.parameters


def test_request_without_an_answer_is_kept() -> None:
    """Protects: what was received and never answered is told apart from what is still under way."""
    journal = Journal(10)
    cut, under_way = enter(journal, 1), enter(journal, 2)
    journal.finish(cut, None, None, None)
    assert (cut.status, cut.answered_s, journal.open) == (None, None, 1)
    journal.finish(under_way, 3.0, 200, None)
    assert (under_way.delivered, journal.open) == (True, 0)
    summary = journal.summary()
    assert (summary["received"], summary["unanswered"], summary["delivered"]) == (2, 1, 1)


def test_oldest_are_dropped_and_counted() -> None:
    """Protects: memory is bounded, the newest entries are kept in order, and counts cover all."""
    journal = Journal(3)
    for number in range(1, 9):
        journal.finish(enter(journal, number), 0.0, 200, None)
    assert [entry.sequence for entry in journal] == [6, 7, 8]
    assert (len(journal), journal.received, journal.dropped) == (3, 8, 5)
    assert journal.summary()["delivered"] == 8


def test_since_pages_through() -> None:
    """Protects: a reader that goes on from the last number sees every kept entry once."""
    journal = Journal(100)
    for number in range(1, 26):
        enter(journal, number)
    seen: list[int] = []
    while page := journal.since(seen[-1] if seen else 0, 10):
        seen += [entry.sequence for entry in page]
    assert seen == list(range(1, 26))
    assert journal.since(10**9, 10) == []


def test_select() -> None:
    """Protects: entries can be asked for by what they hold."""
    journal = Journal(10)
    for number in range(4):
        enter(journal, number)
    assert [entry.parameters["n"] for entry in journal.select(lambda entry: entry.sequence % 2 == 0)] == ["1", "3"]


def test_unknown_paths_share_a_count() -> None:
    """Protects: a client that asks for a million paths does not grow the summary."""
    journal = Journal(2)
    for number in range(50):
        journal.finish(enter(journal, number, f"/{number}"), 0.0, 404, "no")
    assert journal.summary()["outcomes"] == [{"path": "other", "status": 404, "error": "no", "count": 50}]
