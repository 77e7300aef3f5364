"""The PSA's service catalogue and what the source calls the same things."""

from __future__ import annotations

from decimal import Decimal

from billing_providers.sandbox.world.records import CatalogueService

# SKU, words, unit cost, unit price, unit, share of a customer's seats that use it (per cent)
SKUS: tuple[tuple[str, str, str, str, str, int], ...] = (
    ("MS365-BB", "Microsoft 365 Business Basic", "4.90", "6.30", "seats", 35),
    ("MS365-BS", "Microsoft 365 Business Standard", "10.20", "13.10", "seats", 30),
    ("MS365-BP", "Microsoft 365 Business Premium", "17.90", "22.90", "seats", 25),
    ("MS365-E3", "Microsoft 365 E3", "31.50", "39.80", "seats", 12),
    ("EXO-P1", "Exchange Online Plan 1", "3.20", "4.20", "seats", 15),
    ("BKP-WS", "Workstation backup", "2.75", "5.50", "devices", 60),
    ("BKP-SRV", "Server backup", "14.00", "29.00", "devices", 6),
    ("STO-GB", "Cloud storage per GB", "0.04", "0.09", "GB", 2200),
    ("RDS-CAL", "Remote desktop access", "6.10", "8.75", "seats", 20),
    ("AV-EP", "Endpoint protection", "1.85", "3.40", "devices", 95),
    ("HELPDESK", "Helpdesk per user", "9.00", "18.50", "seats", 100),
)

# Services that no usage reaches: sold by hand, never touched by a run.
UNMANAGED: tuple[tuple[str, str, str], ...] = (
    ("Internet line 200/200", "59.00", "89.00"),
    ("Managed firewall", "21.00", "45.00"),
    ("On-site visit, fixed", "110.00", "180.00"),
    ("Domain names", "1.10", "2.50"),
)
HARDWARE_RENTALS = 100  # fill the catalogue beyond one page


def build_catalogue() -> tuple[CatalogueService, ...]:
    """Return all services; ids follow the order."""
    made: list[CatalogueService] = []

    def add(name: str, description: str, cost: str, price: str, unit: str = "Each", active: bool = True) -> None:
        service_id = 201 + len(made)
        made.append(CatalogueService(service_id, name, description, Decimal(cost), Decimal(price), active, unit))

    for sku, words, cost, price, unit, _ in SKUS:
        add(sku, f"{sku}: {words}", cost, price, "GB" if unit == "GB" else "Each")
    for name, cost, price in UNMANAGED:
        add(name, name, cost, price)
    add("Mailbox Basic", "MB100: this is the description of the MB100 product", "1.10", "2.20")
    add("Managed printing", "PRT-MGD", "7.00", "12.00")
    add("FW-MGD", "Firewall, small site", "25.00", "49.00")
    add("FW-MGD", "Firewall, large site", "60.00", "99.00")
    add("LEGACY-AV", "LEGACY-AV: Endpoint protection, old edition", "1.00", "2.00", active=False)
    for number in range(1, HARDWARE_RENTALS + 1):
        add(f"HW-{number:03d}", f"HW-{number:03d}: Hardware rental, item {number}", f"{number}.50", f"{2 * number}.00")
    return tuple(made)
