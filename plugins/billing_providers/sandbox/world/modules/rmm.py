"""Builds Datto RMM: who has which site, and which devices come and go: always the same for the same seed.

The seed decides how many devices there are and when they come and go; sites and their ids never change. Devices come
and go between the 8th and the 24th of a month, so what is counted in the first days of a month is what the month before
ended with. After :data:`LAST_YEAR` nothing changes any more.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import count

from billing_providers.sandbox.world.modules.customers import ModuleCustomer
from billing_providers.sandbox.world.modules.rmm_records import (
    DESKTOP,
    ESXI,
    LAPTOP,
    NETWORK,
    NOT_BILLABLE,
    PRINTER,
    SERVER,
    SMARTPHONE,
    TABLET,
    UNKNOWN,
    RmmAccount,
    RmmDevice,
    RmmFilter,
    RmmSite,
)

DELETED_DEVICES, ON_DEMAND, INTERNAL = "Deleted Devices", "OnDemand", "Harbour MSP (internal)"
FIRST_YEAR, LAST_YEAR = 2025, 2030  # the years in which devices come and go
STILL = frozenset({"DEVX", "ASST"})  # customers whose devices never change
WITHOUT_RMM = frozenset({"JUMP", "NEGA", "NULL"})
NOT_LINKED = frozenset({"NEAR", "LOWR", "UNKN", "TWIN"})  # besides every third of the others
MISLEADING = {"WRON": "WREX"}  # the site is linked to the company of the second
_ENROLLED = date(2024, 3, 4)
_CHANGING_PERCENT = 38
_DRIFT_MAX = 3  # a site never strays further from the devices it began with

# Category: deviceType.type, deviceClass, operating systems, letters in host names.
KINDS: dict[str, tuple[str, str, tuple[str, ...], str]] = {
    DESKTOP: ("Mini Tower", "device", ("Microsoft Windows 11 Pro", "Microsoft Windows 10 Pro"), "PC"),
    LAPTOP: ("Notebook", "device", ("Microsoft Windows 11 Pro", "macOS 15.5"), "LT"),
    SERVER: ("Main System Chassis", "device", ("Microsoft Windows Server 2022 Standard", "Ubuntu 24.04"), "SRV"),
    SMARTPHONE: ("Smartphone", "device", ("iOS 18.5",), "PH"),
    TABLET: ("Tablet", "device", ("iPadOS 18.5",), "TB"),
    PRINTER: ("Printer", "printer", ("",), "PR"),
    NETWORK: ("Switch", "rmmnetworkdevice", ("",), "SW"),
    ESXI: ("ESXi Host", "esxihost", ("VMware ESXi 8.0.3",), "ESX"),
    UNKNOWN: ("Unknown", "unknown", ("",), "UN"),
}
FILTERS: tuple[RmmFilter, ...] = (
    RmmFilter(1, "All Servers", "Devices of the category Server", "rmm_default", SERVER),
    RmmFilter(2, "All Laptops", "Devices of the category Laptop", "rmm_default", LAPTOP),
    RmmFilter(3, "All ESXi Hosts", "Devices of the category ESXi Host", "rmm_default", ESXI),
    RmmFilter(10450, "Printers that are watched", "", "custom", PRINTER),
    RmmFilter(10463, NOT_BILLABLE, "Members of the global group", "custom"),
)


def stable_id(kind: str, text: str) -> str:
    """Return a GUID that follows from a text alone."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://rmm.example/{kind}/{text}"))


def build_rmm(seed: int, customers: tuple[ModuleCustomer, ...], company_ids: dict[str, int]) -> RmmAccount:
    """Return the account; ``company_ids`` are those of Autotask, by customer code."""
    names = {customer.code: customer.name for customer in customers}
    sites = [
        RmmSite(3001, "00000000-deleted-devices", DELETED_DEVICES, ""),  # no GUID (seen: notes of one client)
        RmmSite(3002, stable_id("site", ON_DEMAND), ON_DEMAND, "", on_demand=True),
        RmmSite(3003, stable_id("site", INTERNAL), INTERNAL, ""),
    ]
    ids = count(3101)
    always = {*MISLEADING, *MISLEADING.values()}
    for place, customer in enumerate(customers):
        if customer.code in WITHOUT_RMM:
            continue
        linked = customer.code not in NOT_LINKED and (place % 3 != 2 or customer.mapped or customer.code in always)
        of_company = MISLEADING.get(customer.code, customer.code) if linked else ""
        sites += [
            RmmSite(
                next(ids),
                stable_id("site", f"{customer.code}/{name}"),
                name,
                customer.code,
                company_ids.get(of_company),
                names[of_company] if of_company in company_ids else "",
            )
            for name in customer.sites
        ]
    numbers = count(700_001)
    devices = [device for site in sites for device in _devices(seed, site, numbers)]
    return RmmAccount(8801, stable_id("account", "harbour"), "Harbour MSP", tuple(sites), tuple(devices), FILTERS)


def _devices(seed: int, site: RmmSite, numbers: Iterator[int]) -> list[RmmDevice]:
    if site.name == DELETED_DEVICES:
        return []
    rng = random.Random(f"devices|{seed}|{site.customer_code}|{site.name}")
    enrolled = _Enrolment(site, rng, numbers)
    for category in _categories(rng, site):
        enrolled.add(category, _ENROLLED)
    if site.customer_code == "DEVX":
        return _with_flags(enrolled.devices)
    if site.customer_code and site.customer_code not in STILL:
        _live(rng, enrolled)
    return enrolled.devices


def _categories(rng: random.Random, site: RmmSite) -> list[str]:
    if site.customer_code == "DEVX":
        fixed = ((LAPTOP, 12), (DESKTOP, 4), (SERVER, 3), (SMARTPHONE, 2), (TABLET, 1), (PRINTER, 1), (NETWORK, 2))
        return [category for category, number in (*fixed, (ESXI, 1), (UNKNOWN, 1)) for _ in range(number)]
    if site.customer_code == "ASST":
        return [LAPTOP] * 7 + [SERVER] * 2
    sizes = [(LAPTOP, rng.randrange(4, 26)), (DESKTOP, rng.randrange(2, 14)), (SERVER, rng.randrange(1, 5))]
    sizes += [(PRINTER, rng.randrange(3)), (NETWORK, rng.randrange(4)), (ESXI, rng.randrange(2))]
    sizes += [(SMARTPHONE, rng.randrange(5)), (TABLET, rng.randrange(2)), (UNKNOWN, rng.randrange(5) // 4)]
    return [category for category, number in sizes for _ in range(number)]


def _with_flags(devices: list[RmmDevice]) -> list[RmmDevice]:
    """Delete one laptop, suspend two, and keep two laptops and a server out of billing."""
    made = list(devices)
    made[0] = replace(made[0], deleted_on=date(2026, 5, 20))
    made[1], made[2] = replace(made[1], suspended=True), replace(made[2], suspended=True)
    for place in (3, 4, 16):
        made[place] = replace(made[place], not_billable=True)
    return made


def _live(rng: random.Random, enrolled: _Enrolment) -> None:
    """Let laptops, desktops and now and then a server come and go, month by month."""
    drift = 0
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        for month in range(1, 13):
            if rng.randrange(100) >= _CHANGING_PERCENT:
                continue
            step = rng.choice((-2, -1, 1, 1, 2))
            if not -_DRIFT_MAX <= drift + step <= _DRIFT_MAX:
                step = -step
            drift += step
            day = date(year, month, rng.randrange(8, 25))
            category = rng.choice((LAPTOP, LAPTOP, DESKTOP, DESKTOP, SERVER))
            for _ in range(abs(step)):
                if step > 0:
                    enrolled.add(category, day)
                else:
                    enrolled.delete(category, day)


class _Enrolment:
    """The devices of one site, as they are enrolled and deleted."""

    def __init__(self, site: RmmSite, rng: random.Random, numbers: Iterator[int]) -> None:
        self._site = site
        self._rng = rng
        self._numbers = numbers
        self._places = count(1)
        self._stem = f"{site.customer_code or 'HARB'}{site.site_id % 100:02d}"
        self.devices: list[RmmDevice] = []

    def add(self, category: str, day: date) -> None:
        """Enrol one more device."""
        kind, device_class, systems, letters = KINDS[category]
        hostname = f"{self._stem}-{letters}{next(self._places):03d}"
        self.devices.append(
            RmmDevice(
                device_id=next(self._numbers),
                uid=stable_id("device", hostname),
                site_id=self._site.site_id,
                hostname=hostname,
                category=category,
                kind=kind,
                device_class=device_class,
                system=self._rng.choice(systems),
                created=day,
            )
        )

    def delete(self, category: str, day: date) -> None:
        """Delete the oldest device of a category, or of any that a site always has."""
        wanted = (category, LAPTOP, DESKTOP)
        for choice in wanted:
            for place, device in enumerate(self.devices):
                if device.category == choice and device.deleted_on is None:
                    self.devices[place] = replace(device, deleted_on=day)
                    return
