"""Who stores what with rCloud in any month: billable space in GB with two places, and nothing else."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_UP, Decimal

from billing_providers.sandbox.world.resale.backup_records import CloudClient, CloudMonth, Month
from billing_providers.sandbox.world.resale.customers import ResaleCustomer

_CENT = Decimal("0.01")
_CHANGING_PERCENT = 60
_GROWTH_PER_MILLE = (-40, -15, 5, 12, 30, 55)
_FIXED = {"RZER": Decimal("0.00"), "RINC": Decimal("20.00")}
_PARITY = {"RODD": 1, "EVNM": 0}


def build_clients(seed: int, customers: tuple[ResaleCustomer, ...]) -> tuple[CloudClient, ...]:
    """Return all clients; the Managed ID follows from the customer's code."""
    made = []
    for customer in customers:
        if not customer.client_name:
            continue
        rng = random.Random(f"cloud|{seed}|{customer.code}")
        space = _FIXED.get(customer.code, Decimal(rng.randrange(6_000, 140_000)) / 100)
        made.append(
            CloudClient(
                customer_code=customer.code,
                name=customer.client_name,
                managed_id=f"RC-{customer.code}",
                space=space.quantize(_CENT),
                parity=_PARITY.get(customer.code),
                varies=customer.code not in _FIXED,
            )
        )
    return tuple(made)


def client_month(seed: int, client: CloudClient, month: Month | None) -> CloudMonth | None:
    """Return a client's space in a month, None when the file does not name it; None as month: the unchanged month."""
    if month is None:
        return CloudMonth(client, client.space)
    if client.parity is not None and month.number % 2 != client.parity:
        return None
    rng = random.Random(f"space|{seed}|{client.managed_id}|{month}")
    if not client.varies or rng.randrange(100) >= _CHANGING_PERCENT:
        return CloudMonth(client, client.space)
    grown = client.space * (1000 + rng.choice(_GROWTH_PER_MILLE)) / 1000
    return CloudMonth(client, grown.quantize(_CENT, rounding=ROUND_HALF_UP))
