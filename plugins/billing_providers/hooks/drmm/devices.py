"""What a device is, and which billing types count it.

- Seen (vendor's help, Integrated Customer Billing): the kinds that are counted per site: desktop, laptop, both
  together, server, printer, unknown, ESXi host, network device by kind, Datto access point, managed power, switch,
  continuity; the total leaves out smartphones, tablets and devices that are not approved.
- Seen: the name ``AllDevicesMetric`` of the total. The other names are ours, as the vendor's are not published.
- Inferred: ``deviceType.category`` of the API has these words, the kind of a network device in brackets or in
  ``deviceType.type``; words that nobody knows count by ``deviceClass``, at last as unknown, and always in the total.
- Assumed: the API does not list devices that are not approved yet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from billing_providers.errors import SettingsError
from billing_providers.hooks.http.fields import Fields

ALL_DEVICES = "AllDevicesMetric"
DESKTOPS, LAPTOPS, SERVERS, PRINTERS = "Desktops", "Laptops", "Servers", "Printers"
ESXI_HOSTS, UNKNOWN, NETWORK_OTHER = "ESXi Hosts", "Unknown Devices", "Network Devices (other)"
_MOBILE = "mobile"

_NETWORK = {
    "router": "Network Devices (Router)",
    "switch": "Network Devices (Switch)",
    "ups": "Network Devices (UPS)",
    "firewall": "Network Devices (Firewall)",
    "ipphone": "Network Devices (IP Phone)",
    "nas": "Network Devices (NAS)",
    "networkappliance": "Network Devices (Network Appliance)",
    "san": "Network Devices (SAN)",
}
_NO_NARROWER = frozenset({"", "other", "unknown"})
_KINDS = {
    "desktop": DESKTOPS,
    "laptop": LAPTOPS,
    "server": SERVERS,
    "printer": PRINTERS,
    "esxihost": ESXI_HOSTS,
    "unknown": UNKNOWN,
    "dattoaccesspoint": "Datto Access Points",
    "dattomanagedpower": "Datto Managed Power",
    "dattoswitch": "Datto Switches",
    "dattocontinuity": "Datto Continuity",
    "smartphone": _MOBILE,
    "tablet": _MOBILE,
}
_CLASSES = {"printer": PRINTERS, "esxihost": ESXI_HOSTS, "rmmnetworkdevice": NETWORK_OTHER}
_COMBINED = {"DesktopsAndLaptops": frozenset({DESKTOPS, LAPTOPS})}

BILLING_TYPES: tuple[str, ...] = (
    ALL_DEVICES,
    *_COMBINED,
    DESKTOPS,
    LAPTOPS,
    SERVERS,
    PRINTERS,
    ESXI_HOSTS,
    UNKNOWN,
    *_NETWORK.values(),
    NETWORK_OTHER,
    "Datto Access Points",
    "Datto Managed Power",
    "Datto Switches",
    "Datto Continuity",
)
_WHERE = "Datto RMM, source_options"


@dataclass(frozen=True, slots=True)
class Device:
    """One device of a list.

    :param kind: the narrowest billing type that counts it; ``mobile``: none does.
    :param word: the category, or the kind of a network device, as Datto RMM prints it, where nobody knows it.
    """

    uid: str
    site_uid: str
    site_name: str
    kind: str
    word: str
    deleted: bool
    suspended: bool

    @property
    def mobile(self) -> bool:
        """Whether it is a smartphone or tablet, which no billing type counts."""
        return self.kind == _MOBILE


@dataclass(frozen=True, slots=True)
class CountOptions:
    """What is counted, and what is left out.

    :param billing_types: some of :data:`BILLING_TYPES`, each at most once.
    :param not_billable_filter: name of the custom filter whose devices are not counted; empty: none.
    :param filter_must_exist: whether it is an error that there is no such filter; otherwise a note.
    :param count_suspended: whether suspended devices are counted.
    :raises SettingsError: for an unknown billing type, with a near name.
    """

    billing_types: tuple[str, ...]
    not_billable_filter: str
    filter_must_exist: bool
    count_suspended: bool

    def __post_init__(self) -> None:
        allowed = ", ".join(BILLING_TYPES)
        if not self.billing_types:
            raise SettingsError("nothing would be counted", where=_WHERE, key="billing_types", allowed=allowed)
        for name in self.billing_types:
            if name not in BILLING_TYPES:
                near = get_close_matches(str(name), BILLING_TYPES, 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise SettingsError(f"unknown{hint}", where=_WHERE, key="billing_types", value=name, allowed=allowed)
            if self.billing_types.count(name) > 1:
                raise SettingsError("is named twice", where=_WHERE, key="billing_types", value=name)


def count_options(
    billing_types: Sequence[str], not_billable_filter: str, filter_must_exist: bool, count_suspended: bool
) -> CountOptions:
    """Return checked options.

    :raises SettingsError: for billing types that are no list of texts, and as :class:`CountOptions` says.
    """
    if isinstance(billing_types, str) or not isinstance(billing_types, Sequence):
        allowed = ", ".join(BILLING_TYPES)
        raise SettingsError("is no list", where=_WHERE, key="billing_types", value=billing_types, allowed=allowed)
    return CountOptions(tuple(billing_types), not_billable_filter.strip(), filter_must_exist, count_suspended)


def device_of(row: Fields) -> Device:
    """Return a device as the API lists it.

    :raises UnreadableAnswer: for a field of another type than the API promises.
    """
    of_type = row.inner("deviceType")
    category = of_type.text("category")
    kind, word = _kind(category, of_type.text("type"), row.text("deviceClass"))
    return Device(
        uid=row.text("uid") or row.identity("id"),
        site_uid=row.identity("siteUid"),
        site_name=row.text("siteName").strip(),
        kind=kind,
        word=word,
        deleted=row.flag("deleted", default=False),
        suspended=row.flag("suspended", default=False),
    )


def counted_by(billing_type: str, kind: str) -> bool:
    """Whether a billing type counts devices of a kind; smartphones and tablets are counted by none."""
    if kind == _MOBILE:
        return False
    return billing_type in (ALL_DEVICES, kind) or kind in _COMBINED.get(billing_type, ())


def _kind(category: str, type_: str, class_: str) -> tuple[str, str]:
    """Return the kind of a device, and the word that nobody knows; empty: all are known."""
    word = _word(category)
    if word in _KINDS:
        return _KINDS[word], ""
    if word.startswith("networkdevice"):
        in_category = word.removeprefix("networkdevice")
        narrower = in_category or _word(type_)
        known = narrower in _NETWORK or narrower in _NO_NARROWER
        return _NETWORK.get(narrower, NETWORK_OTHER), "" if known else (category if in_category else type_).strip()
    if word in _NETWORK:
        return _NETWORK[word], ""
    return _CLASSES.get(class_.strip().casefold(), UNKNOWN), category.strip() or "(none)"


def _word(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
