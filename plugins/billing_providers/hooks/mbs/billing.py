"""The billing of one month: ``PUT /api/Billing`` with a date, one row per billed user of all companies.

- Seen (vendor's PowerShell module): the date is written ``YYYY-MM-DD``, an empty one means the current month; the names
  of all fields; a missing company name means all companies (a public client).
- Inferred: sizes are bytes; any day names its month (the first is sent, as in the vendor's example); a user's plan,
  storage and restore cost sum to his total cost; ``AverageSpaceUsed`` and ``TotalRestore`` are the sums of the rows,
  the former up to the rounding of averages to whole bytes.
- Failing: a row that cannot be read holds its customer; totals that do not fit make the read incomplete; so does an
  empty list while there are users, as it would take every customer's usage away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from billing_providers.errors import PeriodError
from billing_providers.hooks.http.client import HttpClient
from billing_providers.hooks.mbs.answers import Reply, Row
from billing_providers.hooks.mbs.companies import Companies, Placement
from billing_providers.hooks.mbs.trouble import Trouble
from billing_providers.hooks.usage_fields import RowFault
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.periods import BillingPeriod

_COSTS = ("PlanCost", "StorageCost", "RestoreCost")


@dataclass(frozen=True, slots=True)
class BilledUser:
    """One row of the month's billing and whose it is. Sizes are bytes, money is in the provider's currency."""

    position: str
    user_id: str
    email: str
    billed_name: str
    placement: Placement
    average_bytes: int
    restore_bytes: int
    plan_cost: Decimal
    storage_cost: Decimal
    restore_cost: Decimal
    total_cost: Decimal


@dataclass(frozen=True, slots=True)
class _Seen:
    """A row that names its user and company; its numbers are not read yet."""

    position: str
    row: Row
    user_id: str
    billed_name: str


def month_of(period: BillingPeriod) -> str:
    """Return the date that names the period to MSP360.

    :raises PeriodError: when the period is not exactly one calendar month.
    """
    start, end = period.start, period.end
    if (start.day, end.day) == (1, 1) and (end.year * 12 + end.month) - (start.year * 12 + start.month) == 1:
        return start.isoformat()
    raise PeriodError(
        "MSP360 bills calendar months",
        where="MSP360",
        key="billing_period",
        value=str(period),
        allowed="the first to the last day of one month; set the calendar's anchor_day to 1",
    )


def read_billing(client: HttpClient, month: str, companies: Companies, trouble: Trouble) -> list[BilledUser]:
    """Return the users that were billed in a month, in the order of the answer; rows that cannot be read are missing.

    :raises RequestError: when the call fails, or its answer is of another shape.
    """
    reply: Reply = client.call("PUT", "/api/Billing", json={"Date": month}, repeatable=True)
    raw = reply.rows("StatisticBilling")
    if not raw and companies.user_count:
        trouble.incomplete.append(
            f"MSP360 lists no usage for {month[:7]}, although it has {companies.user_count} users"
        )
    seen = _seen(raw, trouble)
    companies.learn_names((row.user_id, row.billed_name) for row in seen)
    placements = [companies.place(row.user_id, row.billed_name) for row in seen]
    _tell(placements, trouble)
    read = (_billed_user(row, placement, trouble) for row, placement in zip(seen, placements, strict=True))
    users = _each_once([user for user in read if user is not None], trouble)
    _compare_totals(reply, users, len(raw), trouble)
    return users


def _seen(rows: Sequence[Any], trouble: Trouble) -> list[_Seen]:
    seen = []
    for index, values in enumerate(rows):
        position = f"StatisticBilling[{index}]"
        try:
            row = Row(values)
            seen.append(_Seen(position, row, row.needed_text("UserId"), row.text("CompanyName")))
        except RowFault as fault:
            trouble.bad_row(position, fault)
    return seen


def _tell(placements: Sequence[Placement], trouble: Trouble) -> None:
    """Hold whoever could not be placed; say which rows were placed by something else than today's name."""
    for placement in placements:
        if placement.why:
            trouble.fail(placement, placement.why)
    renamed = {(found.renamed_from, found.candidates[0]) for found in placements if found.renamed_from.strip()}
    for name, company in sorted(renamed):
        trouble.notes.append(f"the month's billing says {name!r}, which is today {company.name!r}")
    gone = sum(placement.user_gone and not placement.why for placement in placements)
    if gone:
        trouble.notes.append(f"{gone} billed users no longer exist; they were placed by the company name of their row")


def _billed_user(seen: _Seen, placement: Placement, trouble: Trouble) -> BilledUser | None:
    row = seen.row
    try:
        costs = {name: row.money(name) for name in (*_COSTS, "TotalCost")}
        summed = sum((costs[name] for name in _COSTS), Decimal(0))
        if summed != costs["TotalCost"]:
            stated = text_from_decimal(costs["TotalCost"])
            raise RowFault("TotalCost", f"is {stated}, but {' + '.join(_COSTS)} is {text_from_decimal(summed)}")
        return BilledUser(
            position=seen.position,
            user_id=seen.user_id,
            email=row.text("Email"),
            billed_name=seen.billed_name,
            placement=placement,
            average_bytes=row.size("AverageSpace"),
            restore_bytes=row.size("TotalVolumeRestore"),
            plan_cost=costs["PlanCost"],
            storage_cost=costs["StorageCost"],
            restore_cost=costs["RestoreCost"],
            total_cost=costs["TotalCost"],
        )
    except RowFault as fault:
        trouble.bad_row(seen.position, fault, placement.candidates[0])  # the others are held already
        return None


def _each_once(users: Sequence[BilledUser], trouble: Trouble) -> list[BilledUser]:
    """A user whose row comes again counts once; with other content his companies are held."""
    rows_of: dict[str, list[BilledUser]] = defaultdict(list)
    for user in users:
        rows_of[user.user_id.casefold()].append(user)
    kept = []
    for rows in rows_of.values():
        first = replace(rows[0], position="")
        if all(replace(other, position="") == first for other in rows):
            kept.append(rows[0])
            trouble.notes += [f"user {row.user_id} came again at {row.position}, counted once" for row in rows[1:]]
            continue
        kept += rows
        held = Placement(tuple(sorted({company for row in rows for company in row.placement.candidates})))
        trouble.fail(
            held, f"user {first.user_id} has {len(rows)} billing rows with different content; none was counted"
        )
    return kept


def _compare_totals(reply: Reply, users: Sequence[BilledUser], row_count: int, trouble: Trouble) -> None:
    if trouble.malformed:
        trouble.notes.append("the totals of the month's billing were not compared, as some rows cannot be read")
        return
    # Averages are whole bytes, so each row may differ from the exact one by its rounding.
    for name, summed, tolerated in (
        ("AverageSpaceUsed", sum(user.average_bytes for user in users), row_count),
        ("TotalRestore", sum(user.restore_bytes for user in users), 0),
    ):
        stated = reply.fields().number(name)
        if stated is not None and abs(stated - summed) > tolerated:
            said = f"MSP360 states {name} {text_from_decimal(stated)} bytes"
            trouble.incomplete.append(f"{said}, its {row_count} rows sum to {summed}")
