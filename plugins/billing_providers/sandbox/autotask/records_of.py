"""Which records a query looks at: all of an entity, or those that its outermost conditions leave over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from billing_providers.sandbox.autotask import shapes
from billing_providers.sandbox.autotask.filters import Asked, Record
from billing_providers.sandbox.autotask.live import LiveLine
from billing_providers.sandbox.autotask.state import AtState

# What a user with a restricted security level sees nothing of (seen for contracts and contract services; for the
# others: assumed).
RESTRICTED = frozenset(
    {
        "Contracts", "ContractServices", "ContractServiceUnits", "ContractServiceBundles", "ContractServiceBundleUnits",
        "BillingItems",
    }
)  # fmt: skip


def records_of(state: AtState, entity: str, asked: Asked) -> list[Record]:
    """Return the records that a filter lets pass, in the order of their ids."""
    rows = _SOURCES[entity](state, asked)  # more than pass, but never less
    return sorted(filter(asked.lets_pass, rows) if asked.lets_pass else rows, key=lambda row: row["id"])


def _companies(state: AtState, _: Asked) -> Iterable[Record]:
    return map(shapes.company, state.companies.values())


def _contracts(state: AtState, asked: Asked) -> Iterable[Record]:
    return map(shapes.contract, _by_id(state.contracts, asked, "id"))


def _services(state: AtState, _: Asked) -> Iterable[Record]:
    return map(shapes.service, state.services.values())


def _bundles(state: AtState, _: Asked) -> Iterable[Record]:
    return map(shapes.bundle, state.bundles.values())


def _configuration_items(state: AtState, _: Asked) -> Iterable[Record]:
    return (shapes.configuration_item(state, entry) for entry in state.tenant.configuration_items)


def _billing_items(state: AtState, asked: Asked) -> Iterable[Record]:
    contracts, lines = asked.wanted.get("contractID"), asked.wanted.get("contractServiceID")
    first, last = _bounds(asked, "itemDate", "itemDate")
    for item in state.items:
        if contracts is not None and item.contract_id not in contracts:
            continue
        if lines is not None and (item.line is None or item.line.line_id not in lines):
            continue
        if (first is None or item.item_date >= first) and (last is None or item.item_date <= last):
            yield shapes.billing_item(item)


def _invoices(state: AtState, _: Asked) -> Iterable[Record]:
    return map(shapes.invoice, state.invoices)


def _lines(bundle: bool) -> Callable[[AtState, Asked], Iterable[Record]]:
    return lambda state, asked: (shapes.line(state, line) for line in _narrowed(state, bundle, asked, "id"))


def _units(bundle: bool) -> Callable[[AtState, Asked], Iterable[Record]]:
    line_field = "contractServiceBundleID" if bundle else "contractServiceID"

    def found(state: AtState, asked: Asked) -> Iterable[Record]:
        first, last = _bounds(asked, "endDate", "startDate")
        now = state.clock.now()
        for line in _narrowed(state, bundle, asked, line_field):
            schedule = line.shown(now)
            if schedule is not None:
                yield from (shapes.unit_row(line, row) for row in schedule.rows(first, last))

    return found


def _narrowed(state: AtState, bundle: bool, asked: Asked, id_field: str) -> Iterable[LiveLine]:
    contracts = asked.wanted.get("contractID")
    if id_field in asked.wanted or contracts is None:
        return _by_id(state.lines[bundle], asked, id_field)
    known = sorted(number for number in state.contracts if number in contracts)
    return [line for number in known for line in state.lines_of[bundle, number]]


def _by_id(entries: dict[int, Any], asked: Asked, field: str) -> Iterable[Any]:
    wanted = asked.wanted.get(field)
    if wanted is None:
        return entries.values()
    return [entries[int(number)] for number in sorted(wanted) if number in entries]


def _bounds(asked: Asked, ends: str, starts: str) -> tuple[date | None, date | None]:
    """Return days outside of which no record can pass: it ends before the first, or starts after the last."""
    firsts = [_day(value) for field, name, value in asked.bounds if field == ends and name in ("gt", "gte", "eq")]
    lasts = [_day(value) for field, name, value in asked.bounds if field == starts and name in ("lt", "lte", "eq")]
    return max(firsts, default=None), min(lasts, default=None)


def _day(instant: str) -> date:
    return date.fromisoformat(instant[:10])


_SOURCES: dict[str, Callable[[AtState, Asked], Iterable[Record]]] = {
    "Companies": _companies,
    "Contracts": _contracts,
    "ContractServices": _lines(bundle=False),
    "ContractServiceUnits": _units(bundle=False),
    "ContractServiceBundles": _lines(bundle=True),
    "ContractServiceBundleUnits": _units(bundle=True),
    "Services": _services,
    "ServiceBundles": _bundles,
    "BillingItems": _billing_items,
    "Invoices": _invoices,
    "ConfigurationItems": _configuration_items,
}
QUERYABLE = tuple(_SOURCES)
