"""What each target owes under the line terms: minimum, included volume, or one for everything; rounded once, here."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from billing_providers.engine.columns import Array, Scale
from billing_providers.engine.line_terms import IncludedAs, LineMode, LineTerms, TermsTable
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.engine.targets import Targets
from billing_providers.engine.unplaced import Usage

TERMS_DISAGREE = 169


@dataclass(frozen=True, slots=True, eq=False)
class Dues:
    """What targets bill. ``units`` is exact, ``after`` rounded to the PSA's places, both at the usage's scale.

    :param terms: of the targets that the table says something about.
    :param faults: target → finding's number and why: such a target is left alone.
    """

    units: Array
    after: Array
    terms: dict[int, LineTerms]
    faults: dict[int, tuple[int, str]]


def dues_of(targets: Targets, usage: Usage, inputs: PlanInputs) -> Dues:
    """Return what every target bills."""
    table = inputs.line_terms
    terms, faults = _terms_of_targets(targets, usage, table) if table.rows else ({}, {})
    units = targets.units
    if terms:
        units = units.copy()
        for target, of_target in terms.items():
            units[target] = owed(int(units[target]), of_target, usage.scale)
    after = usage.scale.rounded(units, inputs.places, inputs.settings.policy.rounding)
    return Dues(units, after, terms, faults)


def _terms_of_targets(
    targets: Targets, usage: Usage, table: TermsTable
) -> tuple[dict[int, LineTerms], dict[int, tuple[int, str]]]:
    known: dict[tuple[int, int], LineTerms | None] = {}
    terms: dict[int, LineTerms] = {}
    faults: dict[int, tuple[int, str]] = {}
    labels = usage.charges.customer.labels
    several: list[int] = []
    for target, key in enumerate(zip(targets.service.tolist(), targets.customer.tolist(), strict=True)):
        service, customer = key
        if customer < 0:
            several.append(target)
            continue
        if key not in known:
            known[key] = table.of(targets.services[service], labels[customer])
        if (found := known[key]) is not None:
            terms[target] = found
    for target, rows in targets.rows_by_target(several).items():
        service_of = targets.services[int(targets.service[target])]
        choices = {code: table.of(service_of, code) for code in usage.charges.customers_of(rows)}
        if len(set(choices.values())) > 1:
            told = ", ".join(f"{code}: {found.where if found else 'none'}" for code, found in choices.items())
            faults[target] = (TERMS_DISAGREE, told)
        elif (shared := next(iter(choices.values()))) is not None:
            terms[target] = shared
    return terms, faults


def owed(units: int, terms: LineTerms, scale: Scale) -> int:
    """Return what is billed for a sum; one below zero stays as it is, and is reported later."""
    if units < 0:
        return units
    if terms.mode is LineMode.TOTAL_AS_ONE:
        return scale.units(Decimal(1)) if units else 0
    if terms.included is not None and terms.included_as is IncludedAs.SUBTRACT:
        units = max(units - scale.units(terms.included), 0)
    return units if terms.minimum is None else max(units, scale.units(terms.minimum))
