"""A change of what is billed in advance: the credit of the old remainder and the charge of the new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing_providers.engine.proration.amounts import prorated
from billing_providers.engine.proration.conventions import ProrationRule
from billing_providers.engine.proration.refusal import ProrationError
from billing_providers.engine.proration.rounding import rounded
from billing_providers.model.decimals import EXACT
from billing_providers.model.usage import UsageKind


@dataclass(frozen=True, slots=True)
class Exchange:
    """Two lines that replace the rest of a period: ``credit`` is zero or below, each rounded by itself."""

    credit: Decimal
    charge: Decimal

    @property
    def net(self) -> Decimal:
        """What the customer sees change: the sum of the two lines, not a figure of its own."""
        return EXACT.add(self.credit, self.charge)


def exchange(
    old: Decimal, new: Decimal, old_ratio: Fraction, rule: ProrationRule, new_ratio: Fraction | None = None
) -> Exchange:
    """Return credit and charge when an amount is replaced by another.

    :param old: what a whole period was charged, at the price of that time.
    :param old_ratio: the part of it that is left, e.g. :func:`share_from`.
    :param new_ratio: where the new amount has a period of its own (yearly to monthly); None: as ``old_ratio``. A ratio
        above one counts as one.
    :raises ProrationError: for an amount or a ratio below zero.

    >>> from billing_providers.engine.proration.conventions import Convention
    >>> exchange(Decimal(10), Decimal(20), Fraction(1, 2), ProrationRule(Convention.ACTUAL))
    Exchange(credit=Decimal('-5.00'), charge=Decimal('10.00'))
    """
    if old < 0 or new < 0:
        raise ProrationError(f"{old} is replaced by {new}; both must be 0 or more, a credit is not credited again")
    left, begun = (min(Fraction(1), ratio) for ratio in (old_ratio, old_ratio if new_ratio is None else new_ratio))
    return Exchange(_negative(prorated(old, left, rule)), prorated(new, begun, rule))


def added_amount(kind: UsageKind, amount: Decimal, ratio: Fraction, rule: ProrationRule) -> Decimal:
    """Return what something costs that is added in mid-period: recurring charges their part, all else nothing.

    Usage takes no part in a change: it is billed once, when it is read.
    """
    return prorated(amount, ratio, rule) if kind is UsageKind.RECURRING else rounded(Fraction(0), rule.places)


def credits_within(charge: Decimal, wanted: Sequence[Decimal]) -> list[Decimal]:
    """Return the credits of one charge, in their order, each cut to what the earlier ones left of the charge.

    :param wanted: zero or below, each.
    :raises ProrationError: for a charge below zero or a credit above it.

    >>> credits_within(Decimal(10), [Decimal(-6), Decimal(-6)])
    [Decimal('-6'), Decimal('-4')]
    """
    if charge < 0 or any(credit > 0 for credit in wanted):
        raise ProrationError(f"credits {[str(credit) for credit in wanted]} of a charge of {charge}; check the signs")
    left, given = charge, []
    for credit in wanted:
        given.append(max(credit, _negative(left)))
        left = EXACT.add(left, given[-1])
    return given


def _negative(amount: Decimal) -> Decimal:
    return amount.copy_negate() if amount else amount
