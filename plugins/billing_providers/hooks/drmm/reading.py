"""Counts the devices of every site: three lists in pages, whatever the number of sites.

- Seen (vendor's help): devices in the global device group ``_NotBillable_`` are not billed. Group membership is no
  field of a device, so a custom filter of the same name tells the members (``filterId``).
- Inferred: deleted devices are not billed, suspended ones are, as the vendor names no exception for them
  (``count_suspended``).
- The API knows only today: devices are counted as they are at the reading.
- Failing: fewer rows than the server counts make the read incomplete, and so does a filter that every device passes; a
  device that cannot be read, or whose site is not listed, holds its site; several filters of the name are a settings
  error, as none may be guessed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from billing_providers.errors import BillingError, SettingsError, UnreadableAnswer
from billing_providers.hooks.drmm.api import DrmmApi, Listing
from billing_providers.hooks.drmm.devices import ALL_DEVICES, NETWORK_OTHER, CountOptions, Device, counted_by, device_of
from billing_providers.hooks.http.fields import Fields
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import MalformedRow, UsageRead
from billing_providers.model.usage import UsageKind, UsageRecord

MODULE = "Datto RMM"
SITES, DEVICES, FILTERS = "/api/v2/account/sites", "/api/v2/account/devices", "/api/v2/filter/custom-filters"


@dataclass(frozen=True, slots=True)
class Site:
    """A site: one customer, or a part of one."""

    position: str
    uid: str
    name: str
    company_id: str  # of Autotask, empty when the site is not linked
    company_name: str
    on_demand: bool


@dataclass(slots=True)
class _Counts:
    """What one site has: counted devices by kind, and the others by why they were left out."""

    kinds: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)


def read_devices(
    api: DrmmApi, options: CountOptions, period: BillingPeriod, source: str, code: Callable[[str], str] = str
) -> UsageRead:
    """Return one record for each site and picked billing type, zeros included.

    :param source: of the records.
    :param code: makes the customer code of a site's uid.
    """
    sites, devices = api.listing(SITES, "sites"), api.listing(DEVICES, "devices")
    notes: list[str] = []
    members, lack = _not_billable(api, options, notes)
    tally = _Tally(options, members)
    known = [_site(f"sites[{number}]", row) for number, row in enumerate(sites.rows)]
    tally.count(devices.rows, {site.uid for site in known})
    notes += tally.notes()
    notes.append(_as_of(devices, period))
    short = [why for why in (sites.short_why, devices.short_why, lack, _ignored_filter_why(members, devices)) if why]
    if not known:
        short.append("Datto RMM lists no sites at all")
    return UsageRead(
        records=[record for site in known for record in _records(site, tally.of(site.uid), options, source, code)],
        origin=f"{api.client.base_url}{DEVICES}",
        complete=not short,
        incomplete_why="; ".join(short),
        malformed=[
            MalformedRow(row.position, row.field, row.error, row.customer_code and code(row.customer_code), "")
            for row in tally.malformed
        ],
        failed_customers={code(uid): why for uid, why in tally.failed.items()},
        notes=notes,
    )


def reading_works(api: DrmmApi, options: CountOptions, login: str) -> tuple[bool, str]:
    """Tell whether the sign-in works, what can be read, and whether the filter is there."""
    signed_in = ""
    try:
        account = api.read("/api/v2/account").fields
        signed_in = f"Signed in to {api.client.base_url} as {login}, account {account.text('name')!r}; "
        told = [f"{len(api.listing(SITES, 'sites').rows)} sites"]
        devices = account.inner("devicesStatus").number("numberOfDevices")
        told.append(f"{devices} devices" if devices is not None else "devices")
        api.read(DEVICES, {"max": 1})
        notes: list[str] = []
        _not_billable(api, options, notes)
    except BillingError as error:
        return False, f"{signed_in}{error}"
    return True, f"{signed_in}{', '.join(told)} can be read. {'; '.join(notes)}".strip()


class _Tally:
    """Counts devices by site; a device that cannot be read holds its site."""

    def __init__(self, options: CountOptions, members: frozenset[str]) -> None:
        self._options, self._members = options, members
        self._sites: dict[str, _Counts] = {}
        self._words: Counter[tuple[bool, str]] = Counter()  # by whether it is a network device
        self.malformed: list[MalformedRow] = []
        self.failed: dict[str, str] = {}

    def count(self, rows: Iterable[Fields], sites: set[str]) -> None:
        for number, row in enumerate(rows):
            try:
                device = device_of(row)
            except UnreadableAnswer as fault:
                uid = row.get("siteUid")
                whose = uid if isinstance(uid, str) else ""
                self.malformed.append(MalformedRow(f"devices[{number}]", "device", str(fault), whose))
                continue
            if device.site_uid not in sites:
                why = f"device {device.uid} is on site {device.site_name!r}, which Datto RMM does not list"
                self.failed.setdefault(device.site_uid, why)
                continue
            counts = self._sites.setdefault(device.site_uid, _Counts())
            why_not = self._left_out_why(device)
            if why_not:
                counts.left_out[why_not] += 1
                continue
            counts.kinds[device.kind] += 1
            if device.word:
                self._words[device.kind == NETWORK_OTHER, device.word] += 1

    def of(self, site_uid: str) -> _Counts:
        return self._sites.get(site_uid, _Counts())

    def notes(self) -> list[str]:
        told = {
            True: f"kinds of network devices that nobody knows were counted in {NETWORK_OTHER} and {ALL_DEVICES}",
            False: f"categories that nobody knows were counted in {ALL_DEVICES} and by device class",
        }
        words = sorted(self._words.items())
        named = {
            network: ", ".join(f"{word} ({count})" for (is_one, word), count in words if is_one is network)
            for network in told
        }
        return [f"{told[network]}: {listed}" for network, listed in named.items() if listed]

    def _left_out_why(self, device: Device) -> str:
        if device.deleted:
            return "deleted"
        if device.mobile:
            return "mobile"
        if device.uid in self._members:
            return "not_billable"
        return "suspended" if device.suspended and not self._options.count_suspended else ""


def _site(position: str, row: Fields) -> Site:
    return Site(
        position=position,
        uid=row.identity("uid"),
        name=row.text("name").strip(),
        company_id=_text_or_number(row, "autotaskCompanyId"),
        company_name=row.text("autotaskCompanyName").strip(),
        on_demand=row.flag("onDemand", default=False),
    )


def _not_billable(api: DrmmApi, options: CountOptions, notes: list[str]) -> tuple[frozenset[str], str]:
    """Return the uids of the devices that are not billed, and why they may be too few; tell when there is no filter."""
    wanted = options.not_billable_filter
    if not wanted:
        return frozenset(), ""
    filters = api.listing(FILTERS, "filters")
    names = {row.identity("id"): row.text("name").strip() for row in filters.rows}
    found = [number for number, name in names.items() if name == wanted]
    if len(found) > 1:
        raise SettingsError(
            f"{len(found)} custom filters have this name",
            where="Datto RMM, source_options",
            key="not_billable_filter",
            value=wanted,
            allowed=f"the name of one filter; these have the ids {', '.join(sorted(found))}",
        )
    if not found:
        near = sorted({name for name in names.values() if name.casefold() == wanted.casefold()})
        hint = f"; did you mean {near[0]!r}?" if near else ""
        if options.filter_must_exist:
            raise SettingsError(
                f"no custom filter has this name{hint}",
                where="Datto RMM, source_options",
                key="not_billable_filter",
                value=wanted,
                allowed="the name of a filter that the API user sees",
            )
        notes.append(f"there is no custom filter {wanted!r}{hint}, so no device was left out as not billable")
        return frozenset(), filters.short_why
    members = api.listing(DEVICES, "devices", {"filterId": found[0]})
    short = members.short_why and f"filter {wanted!r}: {members.short_why}"
    return frozenset(row.text("uid") or row.identity("id") for row in members.rows), filters.short_why or short


def _ignored_filter_why(members: frozenset[str], devices: Listing) -> str:
    """Say why the members of the filter cannot be believed: a server that ignores ``filterId`` answers all devices."""
    if not devices.rows or len(members) < len(devices.rows):
        return ""
    return (
        f"the filter of devices that are not billed has {len(members)} members, and there are {len(devices.rows)} "
        "devices in all: Datto RMM seems to have ignored it, else nothing would be billed"
    )


def _records(
    site: Site, counts: _Counts, options: CountOptions, source: str, code: Callable[[str], str]
) -> Iterable[UsageRecord]:
    evidence: dict[str, object] = {
        "autotask_company": site.company_name,
        "left_out": dict(sorted(counts.left_out.items())),
        "on_demand": site.on_demand,
        "site_uid": site.uid,
    }
    for billing_type in options.billing_types:
        quantity = sum(count for kind, count in counts.kinds.items() if counted_by(billing_type, kind))
        yield UsageRecord(
            source=source,
            position=site.position,
            record_id=f"{site.uid}/{billing_type}",
            customer_code=code(site.uid),
            customer_name=site.name,
            billing_identifier=site.company_id,
            sku=f"{MODULE} - {billing_type}",
            description=f"{MODULE}: {billing_type}",
            summary=f"{MODULE}: {billing_type}",
            term="",
            billing_cycle="",
            item_id="",
            kind=UsageKind.RECURRING,
            quantity=Decimal(quantity),
            assigned=None,
            enabled=None,
            total=None,
            unit="devices",
            unit_cost=None,
            unit_price=None,
            currency="",
            billable=True,
            period_start=None,
            period_end=None,
            actor="",
            plan="",
            attributes=json.dumps(evidence, sort_keys=True, ensure_ascii=False),
        )


def _as_of(devices: Listing, period: BillingPeriod) -> str:
    read_on = (devices.read_at or datetime.now(UTC)).astimezone(ZoneInfo(period.timezone)).date()
    late = (read_on - period.last_day).days
    told = f", {late} days after the billing period's last day" if late > 1 else ""
    return f"devices were counted as they were on {read_on.isoformat()}{told}; Datto RMM keeps no earlier counts"


def _text_or_number(row: Fields, name: str) -> str:
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return row.text(name).strip()
