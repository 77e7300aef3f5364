"""Why a row's quantity or cost differs: the causes in the order in which they act, from the rules to the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing_providers.engine.line_terms import LineMode, LineTerms, TermsTable
from billing_providers.engine.reconciliation.charged import Charged
from billing_providers.engine.reconciliation.lines import BilledLine
from billing_providers.engine.reconciliation.parts import Part
from billing_providers.engine.reconciliation.unplaced import WhyNot
from billing_providers.model.decimals import EXACT
from billing_providers.model.psa import Service
from billing_providers.model.reconciliation import Cause

ZERO = Decimal(0)
Causes = dict[Cause, dict[str, None]]


@dataclass(frozen=True, slots=True)
class Differences:
    """What is billed less what was charged; None where either is not known."""

    quantity: Decimal | None
    cost: Decimal | None

    @property
    def any(self) -> bool:
        """Whether anything differs, or cannot be compared."""
        return self.quantity != 0 or self.cost != 0


def causes_of(
    row: Charged,
    parts: Sequence[Part],
    why_not: Sequence[WhyNot],
    differences: Differences,
    *,
    quantities: Mapping[int, Decimal],
    terms: TermsTable,
) -> Causes:
    """Return the causes of a row with words about each; :attr:`Cause.NONE` alone where nothing differs.

    :param why_not: why some of its charges reach no line.
    :param quantities: of the charge lines, by number.
    """
    otherwise = any(part.invoiced not in {None, part.quantity} for part in parts)
    if not differences.any:
        return {Cause.INVOICED: {}} if otherwise else {Cause.NONE: {}}
    found: Causes = {cause: dict(words) for cause, words in row.causes.items()}
    for why in why_not:
        found.setdefault(why.cause, {}).update({why.detail: None} if why.detail else {})
    for part in parts:
        if part.line.cause is not None:
            found.setdefault(part.line.cause, {}).update({part.line.detail: None} if part.line.detail else {})
    if len({part.line.key for part in parts}) > 1:
        found.setdefault(Cause.SPLIT, {})
    if any(part.shared for part in parts):
        found.setdefault(Cause.SHARED, {})
    for part in parts:
        _of_terms(found, part.line, _terms_of(part.line, row, terms), quantities)
    if differences.cost != 0 and not _follows_quantity(row, parts):
        _of_cost(found, row, parts, terms)
    found = found or {Cause.UNEXPLAINED: {}}
    return {**found, Cause.INVOICED: {}} if otherwise else found


def _terms_of(line: BilledLine, row: Charged, terms: TermsTable) -> LineTerms | None:
    return terms.of(Service(line.service_id, line.service_name, "", active=True), row.key[0])


def _of_terms(found: Causes, line: BilledLine, terms: LineTerms | None, quantities: Mapping[int, Decimal]) -> None:
    """Say what made of the charges of a line another quantity, where the line is as it was planned."""
    if line.cause is not None or line.quantity is None:
        return
    total = ZERO
    for number in line.charge_nos:
        total = EXACT.add(total, quantities.get(number, ZERO))
    if total == line.quantity:
        return
    if terms is not None and terms.mode is LineMode.TOTAL_AS_ONE:
        found.setdefault(Cause.AS_ONE, {})
    elif terms is not None and (terms.minimum is not None or terms.included is not None):
        found.setdefault(Cause.VOLUME, {})
    elif abs(EXACT.subtract(total, line.quantity)) < 1:
        found.setdefault(Cause.ROUNDED, {})


def _follows_quantity(row: Charged, parts: Sequence[Part]) -> bool:
    """Whether one unit costs on the lines what it costs in the charges, so that only the quantity differs."""
    if row.without_cost or not row.kept_quantity:
        return False
    per_unit = Fraction(row.kept_cost) / Fraction(row.kept_quantity)
    return all(part.cost is not None and Fraction(part.cost) == per_unit * Fraction(part.quantity) for part in parts)


def _of_cost(found: Causes, row: Charged, parts: Sequence[Part], terms: TermsTable) -> None:
    if row.without_cost:
        found.setdefault(Cause.COST_NOT_TOLD, {})
    if row.cost is None:
        return
    for part in parts:
        of_line = _terms_of(part.line, row, terms)
        if part.line.unit_cost is None:
            found.setdefault(Cause.LINE_COST_UNKNOWN, {})
        elif of_line is None or of_line.mode is LineMode.QUANTITY_ONLY:
            found.setdefault(Cause.COST_NOT_SYNCED, {})
        elif of_line.mode is LineMode.UNIT_COST:
            found.setdefault(Cause.UNIT_COST, {})
        elif part.line.cause is None:
            found.setdefault(Cause.ROUNDED, {})
