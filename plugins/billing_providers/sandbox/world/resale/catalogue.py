"""ConnectWise's tables: statuses, billing cycles, agreement types and the product catalogue."""

from __future__ import annotations

from decimal import Decimal

from billing_providers.sandbox.world.resale.records import (
    BUNDLE,
    INVENTORY,
    NON_INVENTORY,
    SERVICE,
    CwAgreementType,
    CwBillingCycle,
    CwCompanyStatus,
    CwProduct,
)

STATUS_ACTIVE, STATUS_INACTIVE, STATUS_NOT_APPROVED, STATUS_PROSPECT = 1, 2, 3, 4
STATUSES = (
    CwCompanyStatus(STATUS_ACTIVE, "Active"),
    CwCompanyStatus(STATUS_INACTIVE, "Inactive", inactive=True),
    CwCompanyStatus(STATUS_NOT_APPROVED, "Not-Approved"),
    CwCompanyStatus(STATUS_PROSPECT, "Prospect"),
)

MONTHLY, QUARTERLY = 2, 4
CYCLES = (
    CwBillingCycle(1, "ANN", "Annual", "Yearly"),
    CwBillingCycle(MONTHLY, "MON", "Monthly", "Monthly"),
    CwBillingCycle(3, "ONE", "Not recurring", "NotRecurring"),
    CwBillingCycle(QUARTERLY, "QTR", "Quarterly", "Quarterly"),
)

MANAGED_SERVICES, BLOCK_TIME, HOSTING = 11, 12, 13
TYPES = (
    CwAgreementType(BLOCK_TIME, "Block Time"),
    CwAgreementType(HOSTING, "Hosting"),
    CwAgreementType(MANAGED_SERVICES, "Managed Services"),
)

# Metric of the source: product. The mapping that the world is made for; "cloud" is the metric of rCloud's file.
PRODUCT_OF: dict[str, str] = {
    "used_space": "OnlineBackup",
    "average_space": "OnlineBackup-Average",
    "restore_volume": "OnlineBackup-Restore",
    "computers": "OnlineBackup-Computer",
    "license.Server": "OnlineBackup-Server",
    "license.Desktop": "OnlineBackup-Desktop",
    "license.SQL Server": "OnlineBackup-SQL",
    "license.Virtual Machine": "OnlineBackup-VM",
    "plan": "OnlineBackup-Plan",
    "billable_space": "RCloud-Storage",
}

# Identifier, description, class, cost, price, unit, active
_PRODUCTS: tuple[tuple[str, str, str, str, str, str, bool], ...] = (
    ("OnlineBackup", "Online backup, used storage", SERVICE, "0.0200", "0.05", "GB", True),
    ("OnlineBackup-Average", "Online backup, average storage", SERVICE, "0.0200", "0.05", "GB", True),
    ("OnlineBackup-Restore", "Online backup, restored volume", SERVICE, "0.0100", "0.03", "GB", True),
    ("OnlineBackup-Computer", "Online backup, per computer", SERVICE, "1.50", "3.90", "Each", True),
    ("OnlineBackup-Server", "Online backup, server licence", SERVICE, "8.00", "15.00", "Each", True),
    ("OnlineBackup-Desktop", "Online backup, desktop licence", SERVICE, "2.00", "4.50", "Each", True),
    ("OnlineBackup-Plan", "Online backup, fixed plan", SERVICE, "0.00", "0.00", "Each", True),
    ("OnlineBackup-SQL", "Online backup, SQL Server bundle", BUNDLE, "20.00", "35.00", "Each", True),
    ("OnlineBackup-VM", "Online backup, virtual machine (old)", SERVICE, "6.00", "11.00", "Each", False),
    ("RCloud-Storage", "rCloud disaster recovery storage", NON_INVENTORY, "0.03", "0.08", "GB", True),
)

# Sold by hand: no usage reaches them, so no run may touch them.
BY_HAND: tuple[tuple[str, str, str, str], ...] = (
    ("HELPDESK", "Helpdesk per user", "9.00", "18.50"),
    ("FW-MGD", "Managed firewall", "21.00", "45.00"),
    ("INET-200", "Internet line 200/200", "59.00", "89.00"),
    ("SEC-EDR", "Endpoint detection and response", "2.60", "5.20"),
    ("ONSITE-FIX", "On-site visit, fixed", "110.00", "180.00"),
)
HARDWARE_RENTALS = 45  # fill the catalogue beyond one small page


def build_products() -> tuple[CwProduct, ...]:
    """Return the catalogue; ids follow the order."""
    made: list[CwProduct] = []

    def add(identifier: str, words: str, kind: str, cost: str, price: str, unit: str = "Each", on: bool = True) -> None:
        text = f"{words}, per month"
        made.append(
            CwProduct(301 + len(made), identifier, words, text, kind, Decimal(cost), Decimal(price), unit, active=on)
        )

    for row in _PRODUCTS:
        add(*row)
    for identifier, words, cost, price in BY_HAND:
        add(identifier, words, SERVICE, cost, price)
    for number in range(1, HARDWARE_RENTALS + 1):
        add(f"HW-{number:03d}", f"Hardware rental, item {number}", INVENTORY, f"{number}.50", f"{2 * number}.00")
    return tuple(made)
