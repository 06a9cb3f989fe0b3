"""What became of every sample event, judged from outside the connector.

    what was produced, and where it lies      the demo's own producer
    what arrived at Adjust, and the answers   the sandbox's journal
    what was parked                           the dead-letter topic, read by a consumer of the demo's
    how far the group has read                the committed offsets

**Rule**: nothing that the connector says of itself is used; it is compared with the account when that is made. An event is
accounted for when it is committed and ended in exactly one of the ways there are; it is filtered only if no request of it was ever
seen and it was made to be filtered.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from connector.adjust.responses import EARLIER_UNIQUE_EVENT
from connector.demo.broker import Letter, Placed
from connector.demo.cast import Device
from connector.demo.sample import Fate, Sample, number_of
from connector.facts import Snapshot
from connector.sandbox import Entry

REASON_HEADER = "connector.reason"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the demo saw: the samples and their places, the journal, the dead letters, the committed offsets by partition."""

    samples: Sequence[Sample]
    placed: Mapping[int, Placed]
    devices: Sequence[Device]
    requests: Sequence[Entry]
    letters: Sequence[Letter]
    committed: Mapping[int, int]


@dataclass
class Account:
    """The end of every sample. `faults` says what does not hold, one line each, with numbers of samples and no data of theirs."""

    produced: int
    consumed: int = 0
    requests: int = 0
    ends: Counter[Fate] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    retried: int = 0
    delivered_twice: int = 0
    order_violations: int = 0
    unaccounted: int = 0
    unexpected: int = 0
    altered: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Say whether every promise was kept."""
        return not self.faults and not (
            self.unaccounted or self.order_violations or self.unexpected or self.altered or self.delivered_twice
        )


def judge(evidence: Evidence) -> Account:
    """Return the account of the samples."""
    account = Account(produced=len(evidence.samples), requests=len(evidence.requests))
    requests = _requests(evidence)
    letters = _letters(evidence, account)
    for sample in evidence.samples:
        _settle(sample, evidence, requests.get(sample.identity, []), letters.get(sample.number, []), account)
    account.order_violations = sum(
        _violations([requests.get(sample.identity, []) for sample in samples]) for samples in _by_device(evidence).values()
    )
    known = {sample.identity for sample in evidence.samples}
    unknown = sum(len(entries) for identity, entries in requests.items() if identity not in known)
    if unknown:
        account.faults.append(f"{unknown} requests belong to no event that was produced")
    return account


def compare(account: Account, said: Snapshot) -> None:
    """Compare what the connector says of itself with the account; each difference is a fault of the account."""
    numbers = (
        ("consumed", account.consumed, said.consumed),
        ("delivered", account.ends[Fate.DELIVERED], said.delivered),
        ("already counted", account.ends[Fate.ALREADY_COUNTED], said.duplicates),
        ("filtered", account.ends[Fate.FILTERED], sum(said.filtered.values())),
        ("requests", account.requests, said.requests),
        ("unaccounted", 0, said.unaccounted),
        ("broken rules of its own", 0, sum(said.sentinels.values())),
    )
    account.faults += [f"{name}: {seen:,} seen, the connector says {told:,}" for name, seen, told in numbers if seen != told]
    told_reasons = {reason.value: count for reason, count in said.dead_lettered.items()}
    if told_reasons != account.reasons:
        account.faults.append("dead letters by reason: the connector counts others than the topic holds")


def _settle(sample: Sample, evidence: Evidence, requests: Sequence[Entry], letters: Sequence[Letter], account: Account) -> None:
    place = evidence.placed.get(sample.number)
    committed = place is not None and place.offset < evidence.committed.get(place.partition, 0)
    account.consumed += committed
    answers = sum(entry.delivered for entry in requests)
    counted_before = any(EARLIER_UNIQUE_EVENT in (entry.error or "") for entry in requests)
    account.retried += len(requests) > 1
    account.delivered_twice += answers > 1
    ends = [Fate.DELIVERED] * (answers > 0) + [Fate.ALREADY_COUNTED] * counted_before + [Fate.DEAD_LETTERED] * len(letters)
    if not ends and not requests and sample.fate is Fate.FILTERED:
        ends = [Fate.FILTERED]
    if len(ends) != 1 or not committed:
        account.unaccounted += 1
        how = ", ".join(ends) if ends else "nowhere"
        account.faults.append(f"event {sample.number}: {'' if committed else 'not '}committed, ended {how}")
        return
    account.ends[ends[0]] += 1
    reason = _reason(letters[0]) if letters else None
    if reason is not None:
        account.reasons[reason] += 1
    if (ends[0], reason) != (sample.fate, sample.reason):
        account.unexpected += 1
        account.faults.append(f"event {sample.number}: {ends[0]} ({reason}), expected {sample.fate} ({sample.reason})")


def _requests(evidence: Evidence) -> dict[str, list[Entry]]:
    """Return the requests of each event, in order of arrival."""
    owner = {identifier: device.id for device in evidence.devices for identifier in device.identifiers}
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in evidence.requests:
        found[_identity(entry, owner)].append(entry)
    return found


def _identity(entry: Entry, owner: Mapping[str, str]) -> str:
    parameters = entry.parameters
    if entry.path == "/session":
        names = (parameters.get(name, "").lower() for name in ("idfa", "idfv", "gps_adid", "android_id"))
        device = next((owner[name] for name in names if name in owner), "?")
        return f"session/{device}/{parameters.get('session_count')}"
    return str(orjson.loads(parameters.get("callback_params", "{}")).get("event_id"))


def _letters(evidence: Evidence, account: Account) -> dict[int, list[Letter]]:
    """Return the dead letters of each sample; one that differs from its record by a byte is counted as altered."""
    produced = {sample.number: sample for sample in evidence.samples}
    found: dict[int, list[Letter]] = defaultdict(list)
    for letter in evidence.letters:
        number = number_of(letter.headers)
        sample = produced.get(number) if number is not None else None
        if sample is None or number is None:
            account.faults.append("a dead letter belongs to no event that was produced")
            continue
        found[number].append(letter)
        original = letter.headers[: len(sample.headers)]
        if (letter.key, letter.value, original) != (sample.key, sample.value, sample.headers):
            account.altered += 1
            account.faults.append(f"event {number}: its dead letter is not byte for byte what was produced")
    return found


def _reason(letter: Letter) -> str:
    return (dict(letter.headers).get(REASON_HEADER) or b"?").decode("ascii", "replace")


def _by_device(evidence: Evidence) -> dict[str, list[Sample]]:
    """Return the samples of each device in the order in which they lie in its partition."""
    found: dict[str, list[Sample]] = defaultdict(list)
    for sample in sorted(evidence.samples, key=lambda sample: evidence.placed.get(sample.number, Placed(-1, -1))):
        found[sample.device].append(sample)
    return found


def _violations(events: Iterable[Sequence[Entry]]) -> int:
    """Count the events of one device whose first request arrived before an earlier event's last request was over."""
    violations = 0
    over_s = float("-inf")
    for entries in events:
        if not entries:
            continue
        violations += entries[0].arrived_s < over_s
        over_s = max(over_s, *(entry.answered_s if entry.answered_s is not None else entry.arrived_s for entry in entries))
    return violations
