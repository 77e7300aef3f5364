"""What modules count, and the services that MSPs bill it by: one per billing type, named ``Module - Billing Type``.

Module names are those of the vendor's list (seen); of the billing types only ``AllDevicesMetric`` is seen.
"""

from __future__ import annotations

from dataclasses import dataclass

DATTO_RMM = "Datto RMM"
ALL_DEVICES = "AllDevicesMetric"
SERVERS = "Servers"
EDR, AV, SAAS, ROCKETCYBER = "Datto EDR", "Datto AV", "SaaS Protection", "RocketCyber"
GRAPHUS, BULLPHISH, DARK_WEB, BCDR = "Graphus", "BullPhish ID", "Dark Web ID", "Datto BCDR"
ENDPOINT_BACKUP, VPENTEST = "Datto Endpoint Backup", "Vonahi vPenTest"
ENDPOINTS, SEATS, GOOGLE_SEATS, AGENTS = "Endpoints", "Microsoft 365 Seats", "Google Workspace Seats", "Agents"
PROTECTED_USERS, USERS, DOMAINS, DEVICES = "Protected Users", "Users", "Domains", "Devices"
PCS, TESTS = "PCs", "Tests"


@dataclass(frozen=True, slots=True)
class BillingType:
    """One number that a module counts.

    :param service: the service that bills it; empty: nobody bills it. Two billing types may share one.
    :param unit_cost: in pounds, as ``unit_price``.
    :param share: so many per cent of the ordinary customers use it.
    :param sizes: least and most that a customer has of it.
    """

    module: str
    name: str
    service: str
    unit_cost: str = "0.00"
    unit_price: str = "0.00"
    share: int = 0
    sizes: tuple[int, int] = (1, 1)


_MACHINES = "Datto Endpoint Backup - Protected Machines"

BILLING_TYPES: tuple[BillingType, ...] = (
    BillingType(DATTO_RMM, ALL_DEVICES, "Datto RMM - AllDevicesMetric", "1.60", "3.95", 100),
    BillingType(DATTO_RMM, SERVERS, "Datto RMM - Servers", "2.10", "9.50", 45),
    BillingType(EDR, ENDPOINTS, "Datto EDR - Endpoints", "1.35", "3.20", 75, (8, 60)),
    BillingType(AV, ENDPOINTS, "Datto AV - Endpoints", "0.80", "1.90", 50, (8, 60)),
    BillingType(SAAS, SEATS, "SaaS Protection - Microsoft 365 Seats", "1.45", "3.10", 75, (5, 90)),
    BillingType(SAAS, GOOGLE_SEATS, "SaaS Protection - Google Workspace Seats", "1.45", "3.10", 10, (4, 30)),
    BillingType(ROCKETCYBER, AGENTS, "RocketCyber - Agents", "2.20", "5.25", 50, (6, 50)),
    BillingType(GRAPHUS, PROTECTED_USERS, "Graphus - Protected Users", "0.95", "2.15"),
    BillingType(BULLPHISH, USERS, "BullPhish ID - Users", "0.70", "1.60", 55, (5, 90)),
    BillingType(DARK_WEB, DOMAINS, "", share=45, sizes=(1, 4)),
    BillingType(BCDR, DEVICES, "Datto BCDR - Devices", "89.00", "165.00", 25, (1, 2)),
    BillingType(ENDPOINT_BACKUP, PCS, _MACHINES, "4.10", "8.75", 35, (3, 25)),
    BillingType(ENDPOINT_BACKUP, SERVERS, _MACHINES, "4.10", "8.75", 20, (1, 4)),
    BillingType(VPENTEST, TESTS, ""),
)

# Services that no module counts: sold by hand, never touched by a run. Name, cost, price.
BY_HAND: tuple[tuple[str, str, str], ...] = (
    ("Managed Firewall", "18.00", "42.00"),
    ("Helpdesk, business hours", "6.50", "15.00"),
    ("On-site visit, monthly", "95.00", "180.00"),
    ("Domain and DNS", "0.90", "2.50"),
    ("Internet line 500/500", "41.00", "69.00"),
)
BUNDLE_NAME = "Kaseya 365 Endpoint"
BUNDLE_COST, BUNDLE_PRICE = "3.40", "7.95"
OLD_SERVICES = 30  # inactive ones and rentals that fill the catalogue


def billing_type(module: str, name: str) -> BillingType:
    """Return a billing type by module and name.

    :raises KeyError: when there is none.
    """
    for entry in BILLING_TYPES:
        if (entry.module, entry.name) == (module, name):
            return entry
    raise KeyError(f"{module} / {name}")
