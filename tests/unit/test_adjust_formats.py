"""How values are written for Adjust: each format by examples, and what must hold of any value by properties."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.adjust import formats, identifiers, numbers
from connector.adjust.formats import Converted, Format, Refused
from connector.adjust.parameters import PARAMETERS
from connector.outcome import Reason

IDFA = "D2CADB5F-410F-4963-AC0C-2A78534BDF1E"
BARE = IDFA.replace("-", "")
MOMENT = dt.datetime(2024, 3, 23, 9, 46, 47, 288_999, dt.UTC)
REFUSED = object()


def check(found: Converted, expected: object) -> None:
    """Compare a conversion with what is expected; `REFUSED` is any refusal of the value."""
    if expected is REFUSED:
        assert isinstance(found, Refused)
        assert found.reason is Reason.INVALID_VALUE
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        (identifiers.UUID_UPPER, IDFA, IDFA),
        (identifiers.UUID_UPPER, IDFA.lower(), IDFA),
        (identifiers.UUID_UPPER, BARE, IDFA),
        (identifiers.UUID_UPPER, "{" + IDFA + "}", IDFA),
        (identifiers.UUID_UPPER, bytes.fromhex(BARE), IDFA),
        (identifiers.UUID_UPPER, "not-a-uuid", REFUSED),
        (identifiers.UUID_UPPER, IDFA + "0", REFUSED),
        (identifiers.UUID_UPPER, 12, REFUSED),
        (identifiers.UUID_LOWER, IDFA, IDFA.lower()),
        (identifiers.UUID_LOWER, BARE.lower(), IDFA.lower()),
        (identifiers.UUID_SHORT, IDFA.lower(), BARE),
        (identifiers.UUID_DIGITS, IDFA, BARE.lower()),
        (identifiers.LOWER, "ABC-def", "abc-def"),
        (identifiers.LOWER_SHORT, "9774D56D682E549C", "9774d56d682e549c"),
        (identifiers.LOWER_SHORT, "0000000000000000", None),
        (identifiers.UPPER_SHORT, "a1-b2", "A1B2"),
        (identifiers.SHORT, "a1-B2", "a1B2"),
        (identifiers.AS_GIVEN, " Roku-1 ", "Roku-1"),
        (identifiers.AS_GIVEN, "two words", REFUSED),
        (identifiers.AS_GIVEN, b"bytes", REFUSED),
        (identifiers.MD5, hashlib.md5(b"x").hexdigest().upper(), hashlib.md5(b"x").hexdigest().upper()),  # noqa: S324  # a format
        (identifiers.MD5, hashlib.sha1(b"x").hexdigest(), REFUSED),  # noqa: S324  # a format
        (identifiers.SHA1, hashlib.sha1(b"x").hexdigest(), hashlib.sha1(b"x").hexdigest()),  # noqa: S324  # a format
        (identifiers.IPV4, "203.0.113.7", "203.0.113.7"),
        (identifiers.IPV4, "2001:db8::1", None),
        (identifiers.IPV4, "::ffff:203.0.113.7", "203.0.113.7"),
        (identifiers.IPV4, "256.0.0.1", REFUSED),
        (identifiers.IPV4, "203.0.113.07", REFUSED),
        (identifiers.IPV4, "203.0.113.7 ", REFUSED),
        (identifiers.IPV4, "localhost", REFUSED),
        (formats.TEXT, "any text\0😀", "any text\0😀"),
        (formats.TEXT, 17, "17"),
        (formats.TEXT, True, REFUSED),
        (formats.INTEGER, 0, "0"),
        (formats.INTEGER, "42", "42"),
        (formats.INTEGER, -1, REFUSED),
        (formats.INTEGER, "4.2", REFUSED),
        (formats.INTEGER, "٤", REFUSED),
        (formats.INTEGER, True, REFUSED),
        (formats.BOOLEAN, True, "1"),
        (formats.BOOLEAN, False, "0"),
        (formats.BOOLEAN, 1, "1"),
        (formats.BOOLEAN, "False", "0"),
        (formats.BOOLEAN, 2, REFUSED),
        (formats.BOOLEAN, "yes", REFUSED),
        (formats.CURRENCY, "eur", "EUR"),
        (formats.CURRENCY, "EURO", REFUSED),
        (formats.CURRENCY, "€€€", REFUSED),
        (formats.CURRENCY, "E1R", REFUSED),
        (formats.OS_NAME, "ios", "ios"),
        (formats.OS_NAME, "iOS", "ios"),
        (formats.OS_NAME, "ANDROID_TV", "android-tv"),
        (formats.OS_NAME, "temple", REFUSED),
        (formats.ENVIRONMENT, "sandbox", "sandbox"),
        (formats.ENVIRONMENT, "staging", REFUSED),
        (formats.ATT_STATUS, 3, "3"),
        (formats.ATT_STATUS, "0", "0"),
        (formats.ATT_STATUS, -1, None),
        (formats.ATT_STATUS, 4, REFUSED),
        (formats.ATT_STATUS, True, REFUSED),
        (numbers.UNIX_SECONDS, MOMENT, "1711187207"),
        (numbers.UNIX_SECONDS, 1711187207, "1711187207"),
        (numbers.UNIX_SECONDS, "1711187207", "1711187207"),
        (numbers.UNIX_SECONDS, "2024-03-23T09:46:47Z", "1711187207"),
        (numbers.UNIX_SECONDS, "2024-03-23T09:46:47.9+02:00", "1711180007"),
        (numbers.UNIX_SECONDS, "2024-03-23T09:46:47", REFUSED),
        (numbers.UNIX_SECONDS, "yesterday", REFUSED),
        (numbers.UNIX_SECONDS, 1711187207288, REFUSED),
        (numbers.UNIX_SECONDS, 100_000_000_000, REFUSED),
        (numbers.UNIX_SECONDS, 99_999_999_999, "99999999999"),
        (numbers.UNIX_SECONDS, -1, REFUSED),
        (numbers.UNIX_SECONDS, True, REFUSED),
        (numbers.UNIX_SECONDS, 1.5, REFUSED),
        (numbers.ISO_8601, MOMENT, "2024-03-23T09:46:47.288Z+0000"),
        (numbers.ISO_8601, 1711187207, "2024-03-23T09:46:47.000Z+0000"),
        (numbers.ISO_8601, "1711187207", "2024-03-23T09:46:47.000Z+0000"),
        (numbers.ISO_8601, "2024-03-23T11:46:47.288+02:00", "2024-03-23T09:46:47.288Z+0000"),
        (numbers.ISO_8601, "2024-03-23T09:46:47.288Z-0400", "2024-03-23T09:46:47.288Z-0400"),
        (numbers.ISO_8601, "2017-01-02T15:04:05Z+0200", "2017-01-02T15:04:05Z+0200"),
        (numbers.ISO_8601, "0001-01-01T00:00:00+14:00", REFUSED),
        (numbers.ISO_8601, 1711187207288, REFUSED),
        (numbers.REVENUE, 19.99, "19.99"),
        (numbers.REVENUE, 20.0, "20"),
        (numbers.REVENUE, 0.001, "0.001"),
        (numbers.REVENUE, 100_000_000_000, "100000000000"),
        (numbers.REVENUE, 1e11, "100000000000"),
        (numbers.REVENUE, Decimal("0.10"), "0.10"),
        (numbers.REVENUE, "1e3", "1000"),
        (numbers.REVENUE, "0.1234567890123456789", "0.1234567890123456789"),
        (numbers.REVENUE, "12,50", REFUSED),
        (numbers.REVENUE, "1_000", REFUSED),
        (numbers.REVENUE, "NaN", REFUSED),
        (numbers.REVENUE, float("nan"), REFUSED),
        (numbers.REVENUE, Decimal("NaN"), REFUSED),
        (numbers.REVENUE, True, REFUSED),
    ],
)
def test_a_value_is_written_as_adjust_documents_it(form: Format, value: object, expected: object) -> None:
    """Case, hyphens, units and notations, by example."""
    check(form.convert(value), expected)


@pytest.mark.parametrize(
    "value", [0, 0.0, 0.0009999, -1, -0.5, 1e11 + 1, 100_000_000_001, float("inf"), Decimal("1E-400"), "1e99"]
)
def test_revenue_outside_the_limits_has_its_own_reason(value: object) -> None:
    """Adjust would answer "Invalid revenue": the event says so before it is sent."""
    found = numbers.revenue(value)
    assert isinstance(found, Refused)
    assert found.reason is Reason.REVENUE_OUT_OF_RANGE


@pytest.mark.parametrize("name", [name for name, parameter in PARAMETERS.items() if parameter.identifies_device])
@pytest.mark.parametrize("zero", ["", "00000000-0000-0000-0000-000000000000", "0" * 32, None])
def test_an_identifier_of_zeros_is_left_out(name: str, zero: str | None) -> None:
    """Devices whose user opted out report zeros: such an identifier would join strangers, so the next one counts."""
    assert PARAMETERS[name].format.convert(zero) is None


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text()
    | st.binary()
    | st.decimals()
    | st.datetimes(timezones=st.just(dt.UTC)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)


@given(st.sampled_from(sorted(PARAMETERS)), ANYTHING)
def test_a_conversion_never_raises_and_a_refusal_holds_no_data(name: str, value: object) -> None:
    """Whatever an event holds, the outcome is a text, nothing, or a refusal that does not quote the value."""
    form = PARAMETERS[name].format
    found = form.convert(value)
    assert found is None or isinstance(found, str | Refused)
    if isinstance(found, Refused) and isinstance(value, str) and len(value) > 12:
        assert value not in found.message
    if isinstance(found, str) and form.unreserved:
        assert re.fullmatch(r"[A-Za-z0-9_.~-]+", found)


@given(st.floats(0.001, 1e11) | st.integers(1, 100_000_000_000) | st.decimals("0.001", "1E11", allow_nan=False))
def test_revenue_keeps_every_digit_and_never_has_an_exponent(amount: float | Decimal) -> None:
    """The text is a plain decimal that means exactly the value."""
    text = numbers.revenue(amount)
    assert isinstance(text, str)
    assert re.fullmatch(r"[0-9]+(\.[0-9]+)?", text)
    assert (float(text) if isinstance(amount, float) else Decimal(text)) == amount


@given(st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(5138, 1, 1), timezones=st.timezones()))  # noqa: DTZ001  # bounds
def test_a_moment_is_the_same_in_both_notations(moment: dt.datetime) -> None:
    """UNIX seconds and ISO 8601 of one moment agree, in whatever zone it came."""
    if moment.timestamp() < 0:
        return
    unix, iso = numbers.unix_seconds(moment), numbers.iso_8601(moment.astimezone(dt.UTC))
    assert isinstance(unix, str)
    assert isinstance(iso, str)
    second, epoch = dt.timedelta(seconds=1), dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # a float would round the moment up
    assert int(unix) == (moment - epoch) // second
    assert (dt.datetime.fromisoformat(iso.removesuffix("Z+0000") + "+00:00") - epoch) // second == int(unix)


@given(st.floats(0, 1e11) | st.integers(0, 100_000_000_000) | st.decimals(0, "1E11", allow_nan=False))
def test_ad_revenue_has_no_smallest_amount_and_never_an_exponent(amount: float | Decimal) -> None:
    """One impression earns less than the smallest revenue of an event; the text still means exactly the value."""
    text = numbers.ad_revenue(amount)
    assert isinstance(text, str)
    assert re.fullmatch(r"[0-9]+(\.[0-9]+)?", text)
    assert (float(text) if isinstance(amount, float) else Decimal(text)) == amount


@pytest.mark.parametrize("amount", [-0.001, -1, Decimal("-1E-9"), 1e12, "-0.5", float("nan"), float("inf"), float("-inf"), True])
def test_ad_revenue_that_is_negative_or_no_number_is_refused(amount: object) -> None:
    """What no impression can earn does not leave."""
    assert isinstance(numbers.ad_revenue(amount), Refused)
