"""What the simulated Datto RMM knows: the world's sites and devices on the clock's day, and what people changed."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from billing_providers.sandbox.world.modules.rmm import DELETED_DEVICES, KINDS, stable_id
from billing_providers.sandbox.world.modules.rmm_records import RmmDevice, RmmFilter, RmmSite

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox
    from billing_providers.sandbox.world import World


@dataclass(frozen=True, slots=True)
class ShownDevice:
    """A device as it is on one day, under the site where it is found then."""

    device: RmmDevice
    site: RmmSite
    deleted: bool


class DattoState:
    """Sites, devices and filters."""

    def __init__(self, world: World, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._lock = threading.Lock()
        account = world.modules.rmm
        self.account_id, self.account_uid, self.account_name = account.account_id, account.uid, account.name
        self._sites = {site.site_id: site for site in account.sites}
        self._devices = list(account.devices)
        self._filters = account.filters
        self._bin = next(site for site in account.sites if site.name == DELETED_DEVICES)

    @property
    def today(self) -> date:
        """The clock's day, in UTC."""
        return self._sandbox.clock.now().date()

    def sites(self) -> list[RmmSite]:
        """Return all sites by id."""
        with self._lock:
            return [site for _, site in sorted(self._sites.items())]

    def site(self, uid: str) -> RmmSite | None:
        """Return a site by its uid."""
        return next((site for site in self.sites() if site.uid == uid), None)

    def devices(self) -> list[ShownDevice]:
        """Return the devices of today by id, deleted ones too."""
        today = self.today
        with self._lock:
            return [
                ShownDevice(
                    device,
                    self._bin if device.moved_by(today) else self._sites[device.site_id],
                    device.deleted_by(today),
                )
                for device in self._devices
                if device.listed_on(today)
            ]

    def devices_by_site(self) -> dict[int, list[ShownDevice]]:
        """Return the devices of today by the id of the site where they are found."""
        found: dict[int, list[ShownDevice]] = defaultdict(list)
        for shown in self.devices():
            found[shown.site.site_id].append(shown)
        return found

    def filters(self, kind: str) -> list[RmmFilter]:
        """Return the filters of a kind; the group's may be missing."""
        missing = self._sandbox.settings.datto_no_group
        return [entry for entry in self._filters if entry.kind == kind and not (missing and _is_group(entry))]

    def filter(self, filter_id: int) -> RmmFilter | None:
        """Return a filter by id."""
        known = [*self.filters("rmm_default"), *self.filters("custom")]
        return next((entry for entry in known if entry.filter_id == filter_id), None)

    def enrol(self, site_uid: str, category: str, number: int) -> list[str]:
        """Add devices to a site today, or below zero delete its newest ones; return their host names.

        :raises ValueError: for an unknown site or category, or more than there are.
        """
        site = self.site(site_uid)
        if site is None or category not in KINDS:
            raise ValueError(f"no site {site_uid!r}, or no category {category!r}; there are: {', '.join(KINDS)}")
        with self._lock:
            return self._add(site, category, number) if number > 0 else self._delete(site, category, -number)

    def edit_device(self, hostname: str, changes: dict[str, Any]) -> None:
        """Change a device: ``suspended``, ``not_billable``, ``category``, ``created`` or ``deleted_on`` (days as text).

        :raises ValueError: for an unknown device, field or value.
        """
        known = {"suspended", "not_billable", "category", "created", "deleted_on"}
        if unknown := changes.keys() - known:
            raise ValueError(f"a device has no {', '.join(sorted(unknown))}; it has: {', '.join(sorted(known))}")
        values = {name: _value(name, value) for name, value in changes.items()}
        if "category" in values:
            kind, device_class, *_ = KINDS[values["category"]]
            values |= {"kind": kind, "device_class": device_class}
        with self._lock:
            places = [place for place, device in enumerate(self._devices) if device.hostname == hostname]
            if not places:
                raise ValueError(f"there is no device {hostname!r}")
            self._devices[places[0]] = replace(self._devices[places[0]], **values)

    def edit_site(self, site_uid: str, name: str | None, company_id: int | None, company_name: str | None) -> None:
        """Rename a site, or link it with another company of Autotask; a company id of 0 takes the link away.

        :raises ValueError: for an unknown site.
        """
        site = self.site(site_uid)
        if site is None:
            raise ValueError(f"there is no site {site_uid!r}")
        edited = site if name is None else replace(site, name=name)
        if company_id is not None:
            edited = replace(edited, company_id=company_id or None, company_name=company_name or "")
        with self._lock:
            self._sites[site.site_id] = edited

    def _add(self, site: RmmSite, category: str, number: int) -> list[str]:
        kind, device_class, systems, letters = KINDS[category]
        made = []
        for _ in range(number):
            device_id = max((device.device_id for device in self._devices), default=700_000) + 1
            hostname = f"{site.site_id}-{letters}{device_id}"
            made.append(hostname)
            uid = stable_id("device", hostname)
            self._devices.append(
                RmmDevice(device_id, uid, site.site_id, hostname, category, kind, device_class, systems[0], self.today)
            )
        return made

    def _delete(self, site: RmmSite, category: str, number: int) -> list[str]:
        today = self.today
        places = [
            place
            for place, device in enumerate(self._devices)
            if device.site_id == site.site_id
            and device.category == category
            and device.created <= today
            and not device.deleted_by(today)
        ]
        if len(places) < number:
            raise ValueError(f"{site.name} has {len(places)} devices of category {category}, not {number}")
        gone = places[len(places) - number :]
        for place in gone:
            self._devices[place] = replace(self._devices[place], deleted_on=today)
        return [self._devices[place].hostname for place in gone]


def members(shown: list[ShownDevice], chosen: RmmFilter) -> list[ShownDevice]:
    """Return the devices that a filter finds; deleted ones never: assumed."""
    if _is_group(chosen):
        return [entry for entry in shown if entry.device.not_billable and not entry.deleted]
    return [entry for entry in shown if entry.device.category == chosen.category and not entry.deleted]


def _is_group(entry: RmmFilter) -> bool:
    return not entry.category


def _value(name: str, value: Any) -> Any:
    if name in {"created", "deleted_on"}:
        try:
            return None if value is None and name == "deleted_on" else date.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValueError(f"{name}: {value!r} is no date YYYY-MM-DD") from None
    if name == "category" and value not in KINDS:
        raise ValueError(f"no category {value!r}; there are: {', '.join(KINDS)}")
    if name in {"suspended", "not_billable"} and not isinstance(value, bool):
        raise ValueError(f"{name} is true or false, not {value!r}")
    return value
