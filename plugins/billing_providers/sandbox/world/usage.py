"""Usage rows of any period, always the same for the same seed, stem and period."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.world.catalogue import SKUS
from billing_providers.sandbox.world.records import CatalogueService, Customer, UsageRow, UsageStem

CURRENCY = "EUR"
_CHANGING_PERCENT = 40
_STEPS = (-2, -1, 1, 1, 2, 3)
_GROWTH_PERCENT = (-3, -1, 1, 2, 4, 6)
_PLACES = ("Head office", "Branch", "Warehouse", "Remote staff")
_WORDS = {sku: words for sku, words, *_ in SKUS}
_CENT = Decimal("0.01")


def month_number(period: BillingPeriod) -> int:
    """Return a number that grows by one from month to month; months are named by the period's last day."""
    return period.last_day.year * 12 + period.last_day.month


def quantity(seed: int, stem: UsageStem, period: BillingPeriod) -> Decimal | None:
    """Return what a stem amounts to in a period, before rounding; None when it is not used then."""
    if stem.parity is not None and month_number(period) % 2 != stem.parity:
        return None
    rng = _rng(seed, stem, period)
    if not stem.varies or rng.randrange(100) >= _CHANGING_PERCENT:
        return stem.base
    if stem.unit == "GB":
        return (stem.base * (100 + rng.choice(_GROWTH_PERCENT)) / 100).quantize(_CENT)
    return max(Decimal(1), stem.base + rng.choice(_STEPS))


def rows_of(
    seed: int, stem: UsageStem, period: BillingPeriod, customer: Customer, service: CatalogueService | None
) -> list[UsageRow]:
    """Return the rows of one stem in a period."""
    total = quantity(seed, stem, period)
    if total is None:
        return []
    rows = [
        _row(stem, period, customer, service, place, share)
        for place, share in enumerate(_shares(_rng(seed, stem, period), total, stem.parts), 1)
    ]
    return [rows[0], *rows] if stem.repeated else rows


def row_of_period_before(row: UsageRow) -> UsageRow:
    """Return a row as the period before would have held it."""
    last_day = row.period_start - timedelta(days=1)
    return replace(row, record_id=f"{row.record_id}-LATE", period_start=last_day.replace(day=1), period_end=last_day)


def _rng(seed: int, stem: UsageStem, period: BillingPeriod) -> random.Random:
    return random.Random(f"{seed}|{stem.customer_code}|{stem.sku}|{stem.serial}|{period.last_day.isoformat()}")


def _shares(rng: random.Random, total: Decimal, parts: int) -> list[Decimal]:
    """Split a quantity into parts above zero that sum to it exactly."""
    step = _CENT if total != total.to_integral_value() else Decimal(1)
    steps = int(total / step)
    if parts == 1 or steps < parts:
        return [total]
    cuts = [0, *sorted(rng.sample(range(1, steps), parts - 1)), steps]
    return [step * (after - before) for before, after in pairwise(cuts)]


def _row(
    stem: UsageStem,
    period: BillingPeriod,
    customer: Customer,
    service: CatalogueService | None,
    place: int,
    share: Decimal,
) -> UsageRow:
    words = stem.label or _WORDS.get(stem.sku.strip(), stem.sku)
    seats = share if stem.unit == "seats" and stem.kind == "recurring" and share >= 0 else None
    where = _PLACES[place - 1]
    return UsageRow(
        record_id=f"AT-{customer.code}-{stem.serial:02d}-{place}-{period.last_day:%Y%m%d}",
        customer_code=customer.code,
        customer_name=customer.name,
        billing_identifier=customer.billing_identifier,
        sku=stem.sku,
        line_description=f"{words} ({where})",
        summary_description=words,
        quantity=share,
        billable=stem.billable,
        period_start=period.start,
        period_end=period.last_day,
        term=stem.term,
        billing_cycle=stem.billing_cycle,
        item_id=f"IT-{customer.code}-{stem.serial:02d}-{1 if stem.one_identity else place}",
        kind="usage" if stem.unit == "GB" else stem.kind,
        unit=stem.unit,
        assigned=None if seats is None else seats.to_integral_value(rounding="ROUND_FLOOR"),
        enabled=seats,
        total=None if seats is None else seats + 1,
        unit_cost=service.unit_cost if service else None,
        unit_price=service.unit_price if service else None,
        currency=CURRENCY,
        user=f"{where.split()[0].lower()}@{customer.code.lower()}.example",
        plan=words,
    )
