"""What Sherweb sells to this MSP, and the BMS service that bills each offer."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from billing_providers.sandbox.world.records import CatalogueService
from billing_providers.sandbox.world.sherweb.records import ChargeType, Counted, Cycle, Deduction, DeductionType, Offer

PREMIUM, STANDARD, TEAMS, EXCHANGE = "premium", "standard", "teams", "exchange"
PROJECT_MONTHLY, PROJECT_YEARLY = "project_monthly", "project_yearly"
BACKUP, MAIL_GUARD, AZURE, OFFICE_PROTECT, QUICK_HELP = "backup", "mail_guard", "azure", "office_protect", "quick_help"
SERVER, BRAND_NEW, DOLLARS, LEGACY = "server", "brand_new", "dollars", "legacy"
PRICE_FACTOR = Decimal("1.25")  # what the MSP's catalogue asks for, by list price


def _offer(key: str, sku: str, name: str, price: str, service: str = "", **facts: object) -> Offer:
    return Offer(key, sku, name, Decimal(price), service, **facts)  # type: ignore[arg-type]


_YEARLY = {"cycle": Cycle.YEARLY, "committed": True}
_OFFERS = (
    _offer(PREMIUM, "SW-M365-BP", "Microsoft 365 Business Premium", "22.00", "Business Premium by Sherweb"),
    _offer(
        STANDARD, "SW-M365-BS-P1Y", "Microsoft 365 Business Standard, yearly commitment", "12.60",
        "Business Standard by Sherweb", committed=True,
    ),
    _offer(
        TEAMS, "SW-TEAMS-ESS", "Microsoft Teams Essentials", "4.00", "Teams Essentials by Sherweb",
        setup_fee=Decimal("15.00"),
    ),
    _offer(EXCHANGE, "SW-EXO-P1-Y", "Exchange Online Plan 1, yearly", "43.20", "Exchange Plan 1 yearly", **_YEARLY),
    _offer(PROJECT_MONTHLY, "SW-PROJ-P3", "Project Plan 3", "30.00", "Project Plan 3 monthly"),
    _offer(PROJECT_YEARLY, "SW-PROJ-P3", "Project Plan 3", "330.00", "Project Plan 3 yearly", **_YEARLY),
    _offer(
        BACKUP, "SW-OBK-GB", "Online Backup", "0.0450", "Online Backup GB by Sherweb",
        counted=Counted.USAGE_AT_CLOSE, charge_type=ChargeType.USAGE, places=3,
    ),
    _offer(
        MAIL_GUARD, "SW-PFPT-ESS", "Proofpoint Essentials", "2.10", "Mail filter by Sherweb",
        counted=Counted.USAGE_AT_CLOSE, charge_type=ChargeType.USAGE,
    ),
    _offer(
        AZURE, "SW-AZURE-PLAN", "Azure plan", "1.1483920571", "Azure consumption",
        counted=Counted.USAGE_AT_CLOSE, charge_type=ChargeType.USAGE, places=13,
    ),
    _offer(
        OFFICE_PROTECT, "SW-OFFPROT", "Office Protect", "1.50", "Office Protect by Sherweb",
        counted=Counted.USAGE_LIVE, charge_type=ChargeType.USAGE,
    ),
    _offer(
        QUICK_HELP, "SW-QUICKHELP", "QuickHelp", "2.00", "QuickHelp by Sherweb",
        counted=Counted.USAGE_LIVE, charge_type=ChargeType.USAGE,
    ),
    _offer(SERVER, "SW-WINSRV-25", "Windows Server 2025 Standard, perpetual", "880.00"),
    _offer(BRAND_NEW, "SW-COPILOT-SMB", "Copilot for small business", "21.00"),
    _offer(DOLLARS, "SW-ACR-BUNDLE", "Acronis bundle", "9.00", "Acronis bundle by Sherweb", currency="USD"),
    _offer(LEGACY, "SW-HEX-2013", "Hosted Exchange 2013", "6.00", "Hosted Exchange by Sherweb"),
)  # fmt: skip
# The partner's performance tier rose at the turn of the year.
_TIER = DeductionType.PERFORMANCE_PERCENTAGE
TIERS = (
    Deduction("PERF-5", "Performance tier 5 %", _TIER, Decimal(5), until=date(2025, 12, 31)),
    Deduction("PERF-7", "Performance tier 7 %", _TIER, Decimal(7), since=date(2026, 1, 1)),
)


def build_offers() -> dict[str, Offer]:
    """Return all offers by their keys."""
    return {offer.key: offer for offer in _OFFERS}


def with_sherweb_services(catalogue: tuple[CatalogueService, ...]) -> tuple[CatalogueService, ...]:
    """Return a catalogue with the services of Sherweb's offers behind it; their cost is the list price."""
    mapped = [offer for offer in _OFFERS if offer.service]
    return (
        *catalogue,
        *(
            CatalogueService(
                service_id=catalogue[-1].service_id + place,
                name=offer.service,
                description=f"{offer.sku}: {offer.name}",
                unit_cost=offer.list_price.quantize(Decimal("0.0001")),
                unit_price=(offer.list_price * PRICE_FACTOR).quantize(Decimal("0.0001")),
                unit_of_measure="GB" if offer.key == BACKUP else "Each",
            )
            for place, offer in enumerate(mapped, 1)
        ),
    )
