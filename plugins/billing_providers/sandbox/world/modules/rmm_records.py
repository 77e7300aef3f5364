"""What Datto RMM knows: sites, devices through their lives, and filters. Descriptions only.

Device classes are those of the vendor's OpenAPI description (seen); the words of the categories are assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

DESKTOP, LAPTOP, SERVER = "Desktop", "Laptop", "Server"
SMARTPHONE, TABLET = "Smartphone", "Tablet"
PRINTER, NETWORK, ESXI, UNKNOWN = "Printer", "Network Device", "ESXi Host", "Unknown"

NOT_BILLABLE = "_NotBillable_"  # name of the group that billing leaves out (seen: the vendor's help)
MOVED_AFTER = timedelta(days=30)  # a deleted device is then found under the site Deleted Devices: assumed
FORGOTTEN_AFTER = timedelta(days=90)  # and then nowhere: assumed


@dataclass(frozen=True, slots=True)
class RmmSite:
    """A site: one customer, or one place of a customer.

    :param customer_code: empty: no customer of ours.
    :param company_id: ``autotaskCompanyId``; None: the site is not linked.
    :param company_name: ``autotaskCompanyName``.
    """

    site_id: int
    uid: str
    name: str
    customer_code: str
    company_id: int | None = None
    company_name: str = ""
    on_demand: bool = False


@dataclass(frozen=True, slots=True)
class RmmDevice:
    """A device from the day on which it was enrolled.

    :param category: ``deviceType.category``.
    :param kind: ``deviceType.type``.
    :param device_class: ``device``, ``printer``, ``esxihost``, ``rmmnetworkdevice`` or ``unknown``.
    :param deleted_on: from this day on it is deleted; None: never.
    :param not_billable: it is in the group :data:`NOT_BILLABLE`.
    """

    device_id: int
    uid: str
    site_id: int
    hostname: str
    category: str
    kind: str
    device_class: str
    system: str
    created: date
    deleted_on: date | None = None
    suspended: bool = False
    not_billable: bool = False

    def listed_on(self, day: date) -> bool:
        """Whether the API tells of it on a day, deleted or not."""
        return self.created <= day and not (self.deleted_on and day >= self.deleted_on + FORGOTTEN_AFTER)

    def deleted_by(self, day: date) -> bool:
        """Whether it is deleted on a day."""
        return self.deleted_on is not None and day >= self.deleted_on

    def moved_by(self, day: date) -> bool:
        """Whether it is found under the site Deleted Devices on a day."""
        return self.deleted_on is not None and day >= self.deleted_on + MOVED_AFTER


@dataclass(frozen=True, slots=True)
class RmmFilter:
    """A filter of devices.

    :param kind: ``rmm_default`` or ``custom``.
    :param category: devices of this category; empty: those of ``not_billable``.
    """

    filter_id: int
    name: str
    description: str
    kind: str
    category: str = ""


@dataclass(frozen=True, slots=True)
class RmmAccount:
    """Everything that the simulated Datto RMM holds."""

    account_id: int
    uid: str
    name: str
    sites: tuple[RmmSite, ...]
    devices: tuple[RmmDevice, ...]
    filters: tuple[RmmFilter, ...]
