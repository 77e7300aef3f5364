"""Usage that reaches no service: said once per SKU, customer or row, with counts, so that nothing is silent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from billing_providers.engine.charge_columns import ChargeColumns
from billing_providers.engine.columns import Array, Scale, sums
from billing_providers.engine.customer_choice import Standing
from billing_providers.engine.customers import Decisions
from billing_providers.engine.limited import limited
from billing_providers.engine.matching import Services
from billing_providers.engine.routing import Routes
from billing_providers.engine.service_choice import ServiceDecision
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.findings import Finding, FindingVoice

_NAMED_MAX = 5


@dataclass(frozen=True, slots=True, eq=False)
class Usage:
    """What is known about the charge lines once customers and SKUs are decided."""

    charges: ChargeColumns
    scale: Scale
    units: Array
    decisions: Decisions
    customers: Routes
    article: Array  # position of each row's decision in ``articles``
    articles: list[ServiceDecision]
    routes: Routes  # of the articles

    @property
    def planned(self) -> Array:
        """Mask of the rows whose customer takes part."""
        return self.charges.customer.selected(lambda code: self.decisions[code].planned)

    @property
    def placed(self) -> Array:
        """Mask of the rows that reach a service on an account."""
        mask: Array = self.planned & (self.customers.route >= 0) & (self.routes.route >= 0)
        return mask

    def quantity(self, rows: Sequence[int]) -> str:
        """Return the exact sum of some rows, as text."""
        return text_from_decimal(self.scale.decimal(sum(int(self.units[row]) for row in rows)))


def unplaced_usage(usage: Usage, services: Services, voice: FindingVoice) -> tuple[frozenset[str], list[Finding]]:
    """Return the customers with a row that found no service, and the findings about all rows without a place."""
    import numpy as np

    planned = usage.planned
    faulty = np.array([decision.fault > 0 for decision in usage.articles], dtype=bool)[usage.article]
    ignored = np.array([bool(decision.ignore) for decision in usage.articles], dtype=bool)[usage.article]
    no_value = planned & ~faulty & ~ignored & ((usage.customers.route < 0) | (usage.routes.route < 0))
    without = np.unique(usage.charges.customer.codes[(planned & faulty) | no_value])
    findings = [
        *_ignored_customers(usage, voice),
        *_by_article(usage, planned & (faulty | ignored), services, voice),
        *_without_row(usage, np.nonzero(no_value)[0].tolist(), voice),
    ]
    return frozenset(usage.charges.customer.labels[code] for code in without.tolist()), findings


def _ignored_customers(usage: Usage, voice: FindingVoice) -> list[Finding]:
    import numpy as np

    customers = usage.charges.customer
    rows = np.bincount(customers.codes, minlength=len(customers.labels))
    units = sums(customers.codes, usage.units, len(customers.labels))
    return [
        voice.finding(
            125,
            customer=code,
            subject=f"Customer {decision.customer.name}",
            reason=decision.why,
            where=decision.where,
            count=rows[number],
            quantity=text_from_decimal(usage.scale.decimal(units[number])),
        )
        for number, code in enumerate(customers.labels)
        if (decision := usage.decisions[code]).standing is Standing.IGNORED and decision.customer.in_scope
    ]


def _by_article(usage: Usage, mask: Array, services: Services, voice: FindingVoice) -> list[Finding]:
    """Return one finding per SKU, or one per row where the SKU itself is missing."""
    import numpy as np

    rows_of: dict[int, list[int]] = {}
    for row in np.nonzero(mask)[0].tolist():
        rows_of.setdefault(int(usage.article[row]), []).append(row)
    findings: list[Finding] = []
    for article, rows in sorted(rows_of.items()):
        decision = usage.articles[article]
        if decision.fault == 23:
            findings += limited(rows, lambda row: _without_sku(usage, row, voice), voice)
        elif decision.fault:
            findings.append(_faulty(usage, decision, rows, services, voice))
        else:
            findings.append(
                voice.finding(
                    125,
                    sku=decision.sku,
                    subject=f"SKU {decision.sku}",
                    reason=decision.ignore,
                    where=decision.where,
                    **_counted(usage, rows),
                )
            )
    return findings


def _faulty(
    usage: Usage, decision: ServiceDecision, rows: list[int], services: Services, voice: FindingVoice
) -> Finding:
    values = {**decision.values, **_counted(usage, rows)}
    if decision.fault == 103:
        values |= {"charge_lines": values["count"], "count": decision.values["count"]}
    if decision.fault == 14 and not decision.values["why"]:
        values |= services.suggestions.values(decision.sku)
    return voice.finding(decision.fault, sku=decision.sku, term=decision.term, **values)


def _without_sku(usage: Usage, row: int, voice: FindingVoice) -> Finding:
    customer = usage.decisions[usage.charges.customer.labels[usage.charges.customer.codes[row]]].customer
    frame = usage.charges.frame
    return voice.finding(
        23,
        customer=customer.code,
        customer_name=customer.name,
        description=frame["description"].iat[row],
        quantity=usage.quantity([row]),
        charge_no=frame["charge_no"].iat[row],
    )


def _without_row(usage: Usage, rows: Iterable[int], voice: FindingVoice) -> list[Finding]:
    """Return one finding per table entry and value that no row of the table has."""
    groups: dict[tuple[str, str, str, str], list[int]] = {}
    for row in rows:
        code = usage.charges.customer.labels[usage.charges.customer.codes[row]]
        by_customer = usage.customers.route[row] < 0
        choice = usage.decisions[code] if by_customer else usage.articles[usage.article[row]]
        subject = f"Customer {usage.decisions[code].customer.name}" if by_customer else f"SKU {choice.sku}"  # type: ignore[union-attr]
        value = (usage.customers if by_customer else usage.routes).values[row]
        groups.setdefault((choice.where, subject, choice.split_by, value), []).append(row)
    return [
        voice.finding(163, where=where, subject=subject, field=field, value=value, **_counted(usage, of_value))
        for (where, subject, field, value), of_value in sorted(groups.items())
    ]


def _counted(usage: Usage, rows: list[int]) -> dict[str, Any]:
    codes = usage.charges.customers_of(rows)
    named = ", ".join(codes[:_NAMED_MAX]) + (f" and {len(codes) - _NAMED_MAX} more" if len(codes) > _NAMED_MAX else "")
    return {"customer": named, "customers": len(codes), "count": len(rows), "quantity": usage.quantity(rows)}
