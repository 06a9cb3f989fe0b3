"""Every documented parameter of `/event`, `/ad_revenue` and `/session`: its format, its endpoints, its place among identifiers.

**Rule**: the table is the whole vocabulary: a parameter that is not in it is an error when rules are checked. The order of
the table is the order of a request body; device identifiers come first, preferred ones before backups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from connector.adjust import formats, identifiers, numbers
from connector.adjust.endpoints import Endpoint
from connector.adjust.formats import Format

ALL = frozenset(Endpoint)
EVENT = frozenset({Endpoint.EVENT})
AD_REVENUE = frozenset({Endpoint.AD_REVENUE})
SESSION = frozenset({Endpoint.SESSION})


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter by its name on the wire.

    `identifies_device` says that it satisfies "at least one device identifier"; `exceptions` are the endpoints that want it
    written another way.
    """

    name: str
    format: Format
    endpoints: frozenset[Endpoint] = ALL
    identifies_device: bool = False
    exceptions: Mapping[Endpoint, Format] = field(default_factory=dict)

    def format_at(self, endpoint: Endpoint) -> Format:
        """Return how `endpoint` wants the parameter written."""
        return self.exceptions.get(endpoint, self.format)


def _identifiers(form: Format, names: str, endpoints: frozenset[Endpoint] = ALL) -> list[Parameter]:
    return [Parameter(name, form, endpoints, identifies_device=True) for name in names.split()]


def _parameters(form: Format, names: str, endpoints: frozenset[Endpoint] = ALL) -> list[Parameter]:
    return [Parameter(name, form, endpoints) for name in names.split()]


_TABLE: tuple[Parameter, ...] = (
    # Preferred device identifiers (Adjust: S2S index), then those of televisions and consoles (Adjust: S2S sessions).
    *_identifiers(identifiers.UUID_UPPER, "idfa"),
    *_identifiers(identifiers.UUID_LOWER, "gps_adid fire_adid"),
    *_identifiers(identifiers.LOWER, "oaid"),
    *_identifiers(identifiers.AS_GIVEN, "web_uuid"),
    *_identifiers(identifiers.SHORT, "win_adid"),
    *_identifiers(identifiers.AS_GIVEN, "rida vida tifa"),
    # Other writings of the preferred ones (Adjust: device identifiers).
    *_identifiers(identifiers.UUID_SHORT, "idfa_short"),
    *_identifiers(identifiers.SHA1, "idfa_upper_sha1 idfa_lower_sha1 gps_adid_lower_sha1 gps_adid_upper_sha1"),
    *_identifiers(identifiers.MD5, "idfa_upper_md5 idfa_lower_md5 gps_adid_lower_md5 gps_adid_upper_md5 oaid_lower_md5"),
    # Backup identifiers (Adjust: S2S index, device identifiers).
    *_identifiers(identifiers.UUID_UPPER, "idfv"),
    *_identifiers(identifiers.LOWER_SHORT, "android_id"),
    *_identifiers(identifiers.UUID_DIGITS, "adid"),
    *_identifiers(identifiers.SHA1, "android_id_lower_sha1 android_id_upper_sha1"),
    *_identifiers(identifiers.MD5, "android_id_lower_md5 android_id_upper_md5 imei_lower_md5"),
    *_identifiers(identifiers.SHORT, "imei win_hwid"),
    *_identifiers(identifiers.UPPER_SHORT, "meid"),
    *_identifiers(identifiers.LOWER, "win_naid"),
    # Identities that outlive or replace a device's own (Adjust: S2S developer guide, S2S sessions).
    *_identifiers(identifiers.UUID_LOWER, "primary_dedupe_token"),
    *_identifiers(identifiers.AS_GIVEN, "persistent_ios_uuid google_app_set_id external_device_id"),
    # When (Adjust: S2S events, S2S ad revenue, S2S sessions).
    *_parameters(numbers.UNIX_SECONDS, "created_at_unix"),
    *_parameters(numbers.ISO_8601, "created_at"),
    *_parameters(numbers.ISO_8601, "sent_at", SESSION),
    # The device (Adjust: S2S events, S2S developer guide).
    *_parameters(formats.OS_NAME, "os_name"),
    *_parameters(formats.TEXT, "os_version device_name device_type"),
    *_parameters(formats.TEXT, "user_agent", EVENT),
    *_parameters(identifiers.IPV4, "ip_address"),
    *_parameters(formats.ATT_STATUS, "att_status"),
    *_parameters(formats.BOOLEAN, "tracking_enabled"),
    *_parameters(formats.ENVIRONMENT, "environment"),
    # Money (Adjust: S2S events, S2S ad revenue).
    Parameter("revenue", numbers.REVENUE, EVENT | AD_REVENUE, exceptions={Endpoint.AD_REVENUE: numbers.AD_REVENUE}),
    *_parameters(numbers.AD_REVENUE, "amount", AD_REVENUE),
    *_parameters(formats.CURRENCY, "currency", EVENT | AD_REVENUE),
    # Advertising shown in the app (Adjust: S2S ad revenue).
    *_parameters(formats.PUBLISHER, "source", AD_REVENUE),
    *_parameters(formats.INTEGER, "ad_impressions_count", AD_REVENUE),
    *_parameters(formats.TEXT, "ad_revenue_network ad_revenue_unit ad_revenue_placement", AD_REVENUE),
    # Sessions and installs (Adjust: S2S sessions).
    *_parameters(
        formats.TEXT, "app_version app_version_short bundle_id package_name country language cpu_type hardware_name", SESSION
    ),
    *_parameters(formats.TEXT, "install_receipt", SESSION),
    *_parameters(formats.INTEGER, "session_count subsession_count session_length time_spent", SESSION),
    # Consent under the Digital Markets Act, each 0 or 1 (Adjust: S2S sessions).
    *_parameters(formats.BOOLEAN, "eea ad_personalization ad_user_data npa", SESSION),
)

PARAMETERS: Mapping[str, Parameter] = MappingProxyType({parameter.name: parameter for parameter in _TABLE})
"""The vocabulary by name, in the order of a request body."""

SAME_MEANING: tuple[tuple[str, str, str], ...] = (
    ("created_at_unix", "created_at", "both say when; created_at_unix is the one that Adjust recommends"),
    ("revenue", "amount", "both say how much"),
    (
        "att_status",
        "tracking_enabled",
        "Adjust takes exactly one of the two: att_status from iOS 14.5 on, tracking_enabled before",
    ),
)
"""Pairs of which a request may hold only one, with the reason (Adjust: S2S events, S2S ad revenue, S2S developer guide)."""

DEVICE_PARAMETERS: tuple[str, ...] = tuple(parameter.name for parameter in _TABLE if parameter.identifies_device)
"""Names of the device identifiers, preferred ones first."""


def of_endpoint(endpoint: Endpoint) -> tuple[str, ...]:
    """Return the names of the parameters that `endpoint` documents, in the order of a request body."""
    return tuple(name for name, parameter in PARAMETERS.items() if endpoint in parameter.endpoints)
