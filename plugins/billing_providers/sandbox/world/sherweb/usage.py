"""Quantities of usage-based offers in any period, always the same for the same seed, subscription and period."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.world.sherweb.prices import as_double
from billing_providers.sandbox.world.sherweb.records import Counted, Offer, Subscription

_CHANGING_PERCENT = 60
_GROWTH_PER_MILLE = (-43, -17, -6, 9, 21, 38, 57)


def usage_of(
    seed: int, subscription: Subscription, offer: Offer, period: BillingPeriod, as_of: date | None
) -> Decimal | None:
    """Return what is used in a period as known on a day; None where nothing is known (yet).

    :param as_of: None: after the period, when all is known.
    """
    if offer.counted is Counted.QUOTA or subscription.started > period.last_day:
        return None
    total = _total(seed, subscription, offer, period)
    if as_of is None or as_of >= period.end:
        return total
    if offer.counted is Counted.USAGE_AT_CLOSE or as_of < period.start:
        return None
    elapsed = (as_of - period.start).days + 1
    return (total * elapsed / period.days).to_integral_value(rounding="ROUND_FLOOR")


def _total(seed: int, subscription: Subscription, offer: Offer, period: BillingPeriod) -> Decimal:
    rng = random.Random(f"{seed}|{subscription.subscription_id}|{period.last_day.isoformat()}")
    if not subscription.varies or rng.randrange(100) >= _CHANGING_PERCENT:
        return subscription.usage
    grown = subscription.usage * (1000 + rng.choice(_GROWTH_PER_MILLE)) / 1000
    return as_double(grown.quantize(Decimal(1).scaleb(-offer.places)))
