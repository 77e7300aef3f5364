"""What customers use of Meterline between two days: always the same for the same seed and days."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from billing_providers.sandbox.world.resale.resale import Resale

CURRENCY = "EUR"
_CENT = Decimal("0.01")
# Meter, unit, cost of one, share of customers that use it (per cent)
_METERS: tuple[tuple[str, str, str, int], ...] = (
    ("mail.archive", "GB", "0.09", 70),
    ("endpoint.protection", "device", "1.85", 90),
    ("password.vault", "seat", "2.20", 50),
)


@dataclass(frozen=True, slots=True)
class MeterEntry:
    """One meter of one customer; ``amount`` in ``unit``, ``cost`` of all of it in euros."""

    ref: str
    title: str
    meter: str
    amount: Decimal
    unit: str
    cost: Decimal


def entries_between(resale: Resale, start: date, end: date) -> list[MeterEntry]:
    """Return the entries of ``[start, end)``: for customers that also use rCloud, under their ConnectWise names."""
    made = []
    for customer in resale.customers:
        if not customer.client_name:
            continue
        for meter, unit, each, share in _METERS:
            base = random.Random(f"meterline|{resale.seed}|{customer.code}|{meter}")
            if base.randrange(100) >= share:
                continue
            amount = _amount(base, random.Random(f"{resale.seed}|{customer.code}|{meter}|{start}|{end}"), unit)
            cost = (amount * Decimal(each)).quantize(_CENT, rounding=ROUND_HALF_UP)
            made.append(MeterEntry(f"ML-{customer.code}", customer.name, meter, amount, unit, cost))
    return made


def _amount(base: random.Random, changes: random.Random, unit: str) -> Decimal:
    number = Decimal(base.randrange(3, 90)) + (Decimal(base.randrange(100)) / 100 if unit == "GB" else 0)
    if changes.randrange(100) < 40:
        number += changes.choice((-2, -1, 1, 2, 4))
    return number.quantize(_CENT)
