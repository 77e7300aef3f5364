"""What a charge costs: of one unit for a whole period, and in all as it was charged.

====================================  ======================================  ==================================
cost basis                            of one unit                             in all
====================================  ======================================  ==================================
``net``                               net price                               sub total
``net_without_performance_tier``      net price plus the tier's deductions    sub total plus their total values
``list``                              list price                              sub total plus all deductions' total
                                                                              values, without fees
====================================  ======================================  ==================================

Totals are exact sums of what the charge tells. A deduction's unit value is prorated (seen). For a whole period it is
the list price less the net price where the tier's is all there is between them; otherwise it is scaled by the ratio of
net and prorated price. Prorated prices are rounded by the vendor, so where the tier's ``value`` in per cent of the list
price comes within a hundredth of that, it is taken instead (inferred); else the scaled one, half up to 6 places (ours).

The vendor's text takes fees off the net price, which looks odd: whether they raise or lower it is told by the numbers
of each charge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import reduce

from billing_providers.hooks.sw.charges import PERFORMANCE, PROMOTIONS, Charge, Part
from billing_providers.hooks.sw.options import CostBasis
from billing_providers.hooks.usage_fields import RowFault
from billing_providers.model.decimals import EXACT, DecimalError, decimal_from_text, round_decimal, text_from_decimal

_HALF_CENT = Decimal("0.005")
_PLACES = 6
_WIDE = Context(prec=60)  # for what is rounded afterwards, or compared by the cent


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs of a charge, or prices. ``unit`` None: it cannot be told; ``total`` None: there are none."""

    unit: Decimal | None
    total: Decimal | None


def costs_of(charge: Charge, basis: CostBasis) -> Costs:
    """Return what a charge costs.

    :raises RowFault: for a total beyond what can be kept exactly.
    """
    if basis is CostBasis.NET:
        return Costs(charge.net_price, charge.sub_total)
    if basis is CostBasis.LIST:
        deducted, fees = _total(charge.deductions), _total(charge.fees)
        added = EXACT.subtract(deducted, fees) if _fees_raise(charge) else EXACT.add(deducted, fees)
        return Costs(charge.list_price, _kept(EXACT.add(charge.sub_total, added)))
    tier = tuple(part for part in charge.deductions if part.kind == PERFORMANCE)
    strange = next((part.kind for part in charge.deductions if part.kind not in (PERFORMANCE, *PROMOTIONS)), None)
    if strange is not None:
        raise RowFault("deductionType", f"{strange!r} is none of {', '.join((PERFORMANCE, *PROMOTIONS))}")
    return Costs(_without_tier(charge, tier), _kept(EXACT.add(charge.sub_total, _total(tier))))


def contradictions(charge: Charge) -> Iterator[str]:
    """Yield what does not add up, by more than half a cent. It is told, never corrected."""
    prorated = charge.net_prorated
    if prorated is not None and abs(EXACT.multiply(charge.quantity, prorated) - charge.sub_total) > _HALF_CENT:
        yield "subTotal is not quantity x netPriceProrated"
    for part in (*charge.deductions, *charge.fees):
        if abs(EXACT.multiply(part.unit, charge.quantity) - part.total) > _HALF_CENT:
            yield "totalValue of a deduction or fee is not unitValue x quantity"
            break
    between = _between(charge)
    if between is not None:
        deducted, fees = _unit(charge.deductions), _unit(charge.fees)
        if min(abs(between - (deducted - fees)), abs(between - (deducted + fees))) > _HALF_CENT:
            yield "deductions and fees do not lead from listPrice to netPrice"


def _without_tier(charge: Charge, tier: tuple[Part, ...]) -> Decimal | None:
    net, prorated, taken = charge.net_price, charge.net_prorated, _unit(tier)
    if net is None or prorated is None or not taken:
        return net
    if net == prorated != 0:
        return _kept(EXACT.add(net, taken))
    if len(tier) == len(charge.deductions) and not charge.fees and charge.list_price is not None:
        return charge.list_price
    if not prorated:
        return None  # nothing tells how much of the period it was
    scaled = _WIDE.divide(_WIDE.multiply(taken, net), prorated)
    agreed = _agreed(charge, tier)
    near = agreed is not None and abs(agreed - scaled) <= abs(scaled) / 100
    whole = agreed if agreed is not None and near else round_decimal(scaled, _PLACES)
    return _kept(Decimal(text_from_decimal(EXACT.add(net, whole))))


def _agreed(charge: Charge, tier: tuple[Part, ...]) -> Decimal | None:
    """Return the tier's per cent of the list price; None where it is not told."""
    if charge.list_price is None or any(part.value is None for part in tier):
        return None
    per_cent = reduce(EXACT.add, (part.value for part in tier if part.value is not None), Decimal(0))
    return EXACT.multiply(charge.list_price, per_cent).scaleb(-2, EXACT)


def _fees_raise(charge: Charge) -> bool:
    """Whether fees raise the net price; where the numbers do not tell, they do."""
    between = _between(charge)
    if between is None:
        return True
    deducted, fees = _unit(charge.deductions), _unit(charge.fees)
    return abs(between - (deducted - fees)) <= abs(between - (deducted + fees))


def _between(charge: Charge) -> Decimal | None:
    """Return list less net price, prorated as deductions are; None where the charge does not tell."""
    listed, net, prorated = charge.list_price, charge.net_price, charge.net_prorated
    if listed is None or not net or prorated is None:
        return None
    return _WIDE.divide(_WIDE.multiply(_WIDE.subtract(listed, net), prorated), net)


def _total(parts: tuple[Part, ...]) -> Decimal:
    return reduce(EXACT.add, (part.total for part in parts), Decimal(0))


def _unit(parts: tuple[Part, ...]) -> Decimal:
    return reduce(EXACT.add, (part.unit for part in parts), Decimal(0))


def _kept(amount: Decimal) -> Decimal:
    try:
        return decimal_from_text(amount)
    except DecimalError as error:
        raise RowFault("subTotal", str(error)) from None
