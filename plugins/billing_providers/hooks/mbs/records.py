"""From what was read to usage records: one per metric and billed user, one per taken licence.

Bytes become gigabytes with 12 decimal places. With 2^30 bytes to the gigabyte the exact number has up to 30 places, of
which 18 can be kept, so something has to be rounded; it is rounded once, on the *customer's sum* of a metric: what
rounding one row leaves over is carried to the customer's next row. The records of a customer thus sum to his exact
gigabytes, rounded half even to 12 places, and a later rounding to four places or fewer gives what the exact sum would
give: a sum that is no tie is at least 1 / (5^4 * 2^30) GB away from one, more than half of the twelfth place.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from billing_providers.hooks.mbs.billing import BilledUser
from billing_providers.hooks.mbs.companies import Company
from billing_providers.hooks.mbs.details import UserDetails
from billing_providers.hooks.mbs.licenses import TakenLicense
from billing_providers.hooks.mbs.options import Options
from billing_providers.model.decimals import EXACT, Rounding, decimal_from_text, round_decimal, text_from_decimal
from billing_providers.model.usage import UsageKind, UsageRecord

PLACES = 12

_WORDS = {
    "used_space": "Used backup storage",
    "average_space": "Average backup storage",
    "restore_volume": "Restored volume",
    "computers": "Computers with backups",
    "plan": "Backup plan",
    "total": "Backup service",
}


@dataclass(frozen=True, slots=True)
class _Fact:
    """What one record says. ``computer`` and ``place`` tell apart the records of one user, where there are several."""

    sku: str
    words: str
    quantity: Decimal
    unit: str
    cost: Decimal | None = None
    computer: str = ""
    place: str = ""
    size: int | None = None


class Records:
    """Makes the records of one reading.

    :param source: key of the source in the registry.
    :param options: what was picked.
    """

    def __init__(self, source: str, options: Options) -> None:
        self._source = source
        self._options = options
        self._left_over: dict[tuple[Company, str], Decimal] = defaultdict(Decimal)

    def of_user(self, user: BilledUser, company: Company, details: UserDetails | None) -> Iterator[UsageRecord]:
        """Yield the records of one billed user; those of details that could not be read are missing."""
        for metric in self._options.metrics:
            for fact in self._facts(metric, user, company, details):
                evidence = {"billed_company": user.billed_name, "email": user.email}
                if fact.size is not None:
                    evidence["bytes"] = str(fact.size)
                yield self._record(
                    fact,
                    company,
                    record_id="/".join(filter(None, (metric, user.user_id, fact.place))),
                    position=" ".join(filter(None, (user.position, fact.place))),
                    item=(user.user_id, fact.computer or user.user_id),
                    whose=f"{fact.computer} ({user.email})" if fact.computer else user.email,
                    evidence=evidence,
                )

    def of_license(self, held: TakenLicense) -> UsageRecord:
        """Return the record of one licence."""
        return self._record(
            _Fact(f"license.{held.license_type}", f"{held.license_type} licence", Decimal(1), "licences"),
            held.company,
            record_id=f"license/{held.license_id}",
            position=held.position,
            item=(held.user_id, held.computer or held.user_id),
            whose=held.computer or held.user,
            evidence={"computer": held.computer, "license_id": held.license_id, "user": held.user},
        )

    def _facts(self, metric: str, user: BilledUser, company: Company, details: UserDetails | None) -> Iterator[_Fact]:
        if metric in {"used_space", "computers"}:
            if details is not None:
                yield from self._details_facts(metric, user, company, details)
        elif metric == "average_space":
            yield self._space(metric, company, user.average_bytes, user.storage_cost)
        elif metric == "restore_volume":
            yield self._space(metric, company, user.restore_bytes, user.restore_cost)
        elif metric == "total":
            yield _Fact(metric, _WORDS[metric], Decimal(1), "users", user.total_cost)
        elif metric == "plan" and user.plan_cost:
            yield _Fact(metric, _WORDS[metric], Decimal(1), "users", user.plan_cost)

    def _details_facts(self, metric: str, user: BilledUser, company: Company, details: UserDetails) -> Iterator[_Fact]:
        by_computer = self._options.level == "computer"
        if metric == "used_space" and by_computer:
            for part in details.parts:  # MSP360 prices users, not computers: these have no cost
                fact = self._space(metric, company, part.bytes, None)
                yield replace(fact, computer=part.computer, place=part.position)
        elif metric == "used_space":
            yield self._space(metric, company, details.used_bytes, user.storage_cost)
        elif by_computer:
            for computer in details.computers:
                yield _Fact(metric, _WORDS[metric], Decimal(1), metric, computer=computer, place=computer)
        else:
            yield _Fact(metric, _WORDS[metric], Decimal(len(details.computers)), metric)

    def _space(self, metric: str, company: Company, size: int, cost: Decimal | None) -> _Fact:
        return _Fact(metric, _WORDS[metric], self._gigabytes(metric, company, size), "GB", cost, size=size)

    def _record(
        self,
        fact: _Fact,
        company: Company,
        *,
        record_id: str,
        position: str,
        item: tuple[str, str],
        whose: str,
        evidence: Mapping[str, str],
    ) -> UsageRecord:
        """``item`` is what is counted by user and by computer, ``whose`` the same for people."""
        item_id = {"company": "", "user": item[0], "computer": item[1]}[self._options.level]
        return UsageRecord(
            source=self._source,
            position=position,
            record_id=record_id,
            customer_code=company.company_id,
            customer_name=company.name,
            billing_identifier="",
            sku=fact.sku,
            description=f"{fact.words}, {whose}" if item_id and whose else fact.words,
            summary=fact.words,
            term="",
            billing_cycle="",
            item_id=item_id,
            kind=UsageKind.USAGE if fact.size is not None else UsageKind.RECURRING,
            quantity=fact.quantity,
            assigned=None,
            enabled=None,
            total=None,
            unit=fact.unit,
            unit_cost=None,
            unit_price=None,
            currency="",
            billable=True,
            period_start=None,
            period_end=None,
            actor="",
            plan="",
            attributes=json.dumps(evidence, sort_keys=True, ensure_ascii=False),
            total_cost=fact.cost,
        )

    def _gigabytes(self, metric: str, company: Company, size: int) -> Decimal:
        exact = EXACT.divide(Decimal(size), Decimal(self._options.gigabyte_bytes))
        wanted = EXACT.add(exact, self._left_over[company, metric])
        given = round_decimal(wanted, PLACES, Rounding.HALF_EVEN)
        self._left_over[company, metric] = EXACT.subtract(wanted, given)
        return decimal_from_text(text_from_decimal(given))
