"""What the pictures of a run's billing items show: labels and amounts, ready to be drawn or printed as a table.

Pending amounts of earlier periods are shown apart from those of the run's own: they wait to be approved since then.
Amounts of different currencies never share a picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing_providers.engine.billing_totals import billing_totals
from billing_providers.model.billing_dataset import BillingItem, BillingTotal, ItemState, TotalBy
from billing_providers.model.decimals import EXACT

POSTED, PENDING, OLDER = "posted", "pending", "pending since earlier periods"
NO_MODULE = "(lines that no run sets)"

_ROWS_MAX = {TotalBy.MODULE: 16, TotalBy.CUSTOMER: 12, TotalBy.SERVICE: 14}
_TITLES = {
    TotalBy.MODULE: "Pending against posted, by module",
    TotalBy.CUSTOMER: "Customers with the largest amounts",
    TotalBy.SERVICE: "Services with the largest amounts",
}


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of bars: a name and one amount for each label."""

    name: str
    values: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture.

    :ivar name: names its file.
    :ivar subtitle: which items are shown.
    :ivar currency: ISO code; empty: not told.
    :ivar labels: one for each group of bars; empty: there is nothing to show.
    :ivar upright: bars stand side by side in order of time.
    :ivar note: what is left out.
    """

    name: str
    title: str
    subtitle: str
    currency: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    upright: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Amounts:
    posted: Decimal = Decimal(0)
    pending: Decimal = Decimal(0)
    older: Decimal = Decimal(0)

    def plus(self, other: _Amounts) -> _Amounts:
        return _Amounts(
            EXACT.add(self.posted, other.posted),
            EXACT.add(self.pending, other.pending),
            EXACT.add(self.older, other.older),
        )

    @property
    def size(self) -> tuple[Decimal, Decimal]:
        """How much it matters: first what is of the run's own period."""
        return abs(self.posted) + abs(self.pending), abs(self.older)


def billing_charts(
    items: Sequence[BillingItem], history: Mapping[date, Sequence[BillingTotal]], period_words: str
) -> list[Chart]:
    """Return the charts of a run: by module, customer and service, and over the latest periods.

    :param history: totals of the newest run of each period, by the period's first day, the run's own included.
    :param period_words: the period for people, e.g. ``2026-10-01 to 2026-10-31``.
    """
    totals = billing_totals(item for item in items if not item.waits)
    before = billing_totals(item for item in items if item.waits)
    charts: list[Chart] = []
    for currency in sorted({item.currency for item in items}) or [""]:
        for by in (TotalBy.MODULE, TotalBy.CUSTOMER, TotalBy.SERVICE):
            groups = _groups(by, currency, totals, before)
            charts.append(_largest(by, currency, groups, f"Billing period {period_words}"))
        charts.append(_over_time(currency, history))
    return charts


def label_of(total: BillingTotal) -> str:
    """Return what a total is called, also where its items have no module, customer, service or day."""
    nameless = NO_MODULE if total.grouped_by is TotalBy.MODULE else "(not told)"
    return total.label or total.group_key or nameless


def _groups(
    by: TotalBy, currency: str, totals: Iterable[BillingTotal], before: Iterable[BillingTotal]
) -> dict[str, tuple[str, _Amounts]]:
    groups: dict[str, tuple[str, _Amounts]] = {}
    for total, is_older in [*((total, False) for total in totals), *((total, True) for total in before)]:
        if total.grouped_by is not by or total.currency != currency:
            continue
        posted = total.state is ItemState.POSTED
        amounts = _Amounts(
            posted=total.amount if posted else Decimal(0),
            pending=Decimal(0) if posted or is_older else total.amount,
            older=total.amount if is_older else Decimal(0),
        )
        _, held = groups.get(total.group_key, ("", _Amounts()))
        groups[total.group_key] = (label_of(total), held.plus(amounts))
    return groups


def _largest(by: TotalBy, currency: str, groups: Mapping[str, tuple[str, _Amounts]], words: str) -> Chart:
    """Return the largest groups; what all others come to is a note, as one bar for them would dwarf every other."""
    ranked = sorted((named for named in groups.values() if any(named[1].size)), key=lambda named: named[0])
    ranked.sort(key=lambda named: named[1].size, reverse=True)
    shown, rest = ranked[: _ROWS_MAX[by]], ranked[_ROWS_MAX[by] :]
    series = _series([amounts for _, amounts in shown])
    return Chart(
        name=_named(f"by-{by.value}", currency),
        title=_TITLES[by],
        subtitle=words,
        currency=currency,
        labels=tuple(label for label, _ in shown),
        series=series,
        note=_rest_told([amounts for _, amounts in rest]),
    )


def _rest_told(rest: Sequence[_Amounts]) -> str:
    if not rest:
        return ""
    together = _Amounts()
    for amounts in rest:
        together = together.plus(amounts)
    told = f"{POSTED} {together.posted:,.2f}, {PENDING} {together.pending:,.2f}"
    older = f", {OLDER} {together.older:,.2f}" if together.older else ""
    return f"Not shown: {len(rest):,} others with together {told}{older}"


def _series(rows: Sequence[_Amounts]) -> tuple[Series, ...]:
    told = [
        Series(POSTED, tuple(row.posted for row in rows)),
        Series(PENDING, tuple(row.pending for row in rows)),
    ]
    if any(row.older for row in rows):
        told.append(Series(OLDER, tuple(row.older for row in rows)))
    return tuple(told)


def _over_time(currency: str, history: Mapping[date, Sequence[BillingTotal]]) -> Chart:
    """Return what was posted and pending for each period when its newest run read it."""
    rows = []
    for start, totals in sorted(history.items()):
        own = {
            total.state: total.amount
            for total in totals
            if (total.grouped_by, total.group_key, total.currency) == (TotalBy.PERIOD, start.isoformat(), currency)
        }
        zero = Decimal(0)
        rows.append((start, _Amounts(own.get(ItemState.POSTED, zero), own.get(ItemState.PENDING, zero))))
    rows = rows if any(any(amounts.size) for _, amounts in rows) else []
    return Chart(
        name=_named("by-period", currency),
        title="Pending against posted, by billing period",
        subtitle="Items that start in the period, as its newest run read them",
        currency=currency,
        labels=tuple(start.isoformat() for start, _ in rows),
        series=_series([amounts for _, amounts in rows]),
        upright=True,
    )


def _named(name: str, currency: str) -> str:
    return f"{name}-{currency}" if currency else name
