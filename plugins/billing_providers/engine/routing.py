"""From charge lines to destinations: every row's quantity goes to a service on an account, whole or in shares.

Rows that go one way are counted in columns. Rows that a table splits by shares are summed first and split then, so
that ten single seats in thirds become 4, 3 and 3 and not 10, 0 and 0.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

from billing_providers.engine.columns import Array
from billing_providers.engine.customer_choice import Destination
from billing_providers.engine.shares import split_units
from billing_providers.model.psa import Service

if TYPE_CHECKING:
    import pandas as pd


class Choice(Protocol):
    """What customers and SKUs have in common: ways, possibly different ones for each value of a field."""

    @property
    def split_by(self) -> str:
        """Field of the charge line; empty: not split by a field."""

    @property
    def ways(self) -> Mapping[str | None, Any]:
        """Ways for each value of the field."""


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """Each row's ways, as a position in ``ways``; -1: none. ``values`` holds the field's value of split rows."""

    route: Array
    ways: list[tuple[Any, ...]]
    values: dict[int, str]
    crashed: dict[int, str]  # row → error


def routes_of(decided: Array, choices: Sequence[Choice], frame: pd.DataFrame) -> Routes:
    """Return each row's ways. A row whose fields cannot be read is in ``crashed``; the others go on."""
    import numpy as np

    ways: list[tuple[Any, ...]] = []
    of_choice = np.full(len(choices), -1, dtype=np.int64)
    split = np.zeros(len(choices), dtype=bool)
    for number, choice in enumerate(choices):
        split[number] = bool(choice.split_by)
        if not choice.split_by and None in choice.ways:
            of_choice[number] = len(ways)
            ways.append(choice.ways[None])
    route = of_choice[decided]
    values: dict[int, str] = {}
    crashed: dict[int, str] = {}
    known: dict[tuple[int, str | None], int] = {}
    for row in np.nonzero(split[decided])[0].tolist():
        choice = choices[decided[row]]
        try:
            value = field_of(frame, row, choice.split_by)
        except (ValueError, TypeError) as error:
            crashed[row] = f"field {choice.split_by} of charge line {frame['charge_no'].iat[row]}: {error}"
            continue
        values[row] = value
        key = (int(decided[row]), value if value in choice.ways else None)
        if key not in known and key[1] in choice.ways:
            known[key] = len(ways)
            ways.append(choice.ways[key[1]])
        route[row] = known.get(key, -1)
    return Routes(route, ways, values, crashed)


def field_of(frame: pd.DataFrame, row: int, name: str) -> str:
    """Return a field of a charge line as trimmed text: a column, or a key of its attributes.

    :raises ValueError: when the attributes are no JSON object.
    """
    if name in frame.columns:
        value = frame[name].iat[row]
    else:
        attributes = json.loads(str(frame["attributes"].iat[row] or "{}"), parse_float=str, parse_int=str)
        if not isinstance(attributes, dict):
            raise ValueError("the attributes are no JSON object")
        value = attributes.get(name)
    return "" if value is None else str(value).strip()


@dataclass(frozen=True, slots=True)
class NamedService:
    """A service, and the id or name of the contract that the service table names for it; empty: none."""

    service: Service
    contract: str


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Quantities on their way: row ``row[i]`` brings ``units[i]`` of a service to a destination.

    Where rows are split together, each of them is listed at every part (they are its evidence), and the part's
    quantity stands at the first.
    """

    row: Array
    destination: Array
    service: Array
    units: Array
    destinations: list[Destination]
    services: list[NamedService]

    def outside(self, account_ids: Collection[str]) -> Placed:
        """Return what goes to other accounts than these."""
        import numpy as np

        left_alone = [at.account.account_id in account_ids for at in self.destinations]
        kept = ~np.array([*left_alone, False], dtype=bool)[self.destination]
        return dataclasses.replace(
            self,
            row=self.row[kept],
            destination=self.destination[kept],
            service=self.service[kept],
            units=self.units[kept],
        )

    @property
    def used_destinations(self) -> list[Destination]:
        """Destinations that anything goes to."""
        import numpy as np

        return [self.destinations[code] for code in np.unique(self.destination).tolist()]

    @property
    def used_services(self) -> list[Service]:
        """Services that anything goes to."""
        import numpy as np

        return [self.services[code].service for code in np.unique(self.service).tolist()]


def place(rows: Array, customers: Routes, articles: Routes, *, units: Array, customer: Array, step: int) -> Placed:
    """Return where the quantities of some rows go.

    :param rows: positions of the rows that take part; all have ways.
    :param customer: customer code of every row.
    :param step: the units that a part is a multiple of, unless the quantity itself is finer.
    """
    import numpy as np

    where, what = _Codes(), _Codes()
    destinations = [
        [where.code(_identity(way.destination), way.destination) for way in ways] for ways in customers.ways
    ]
    services = [
        [what.code((way.service.service_id, way.contract), NamedService(way.service, way.contract)) for way in ways]
        for ways in articles.ways
    ]
    single_customer = np.array([len(codes) == 1 for codes in destinations] + [False], dtype=bool)
    single_article = np.array([len(codes) == 1 for codes in services] + [False], dtype=bool)
    whole = single_customer[customers.route[rows]] & single_article[articles.route[rows]]
    plain = rows[whole]
    first_destination = np.array([codes[0] for codes in destinations] + [-1], dtype=np.int64)
    first_service = np.array([codes[0] for codes in services] + [-1], dtype=np.int64)
    plan = _SplitPlan(customers, articles, destinations, services, customer)
    parts = list(_split(rows[~whole].tolist(), plan, units, step))

    def column(plain_part: Array, number: int) -> Array:
        return np.concatenate([plain_part, np.array([part[number] for part in parts], dtype=plain_part.dtype)])

    return Placed(
        row=column(plain, 0),
        destination=column(first_destination[customers.route[plain]], 1),
        service=column(first_service[articles.route[plain]], 2),
        units=column(units[plain], 3),
        destinations=where.things,
        services=what.things,
    )


class _Codes:
    """Gives each thing a number by its identity."""

    def __init__(self) -> None:
        self.things: list[Any] = []
        self._known: dict[tuple[str, ...], int] = {}

    def code(self, identity: tuple[str, ...], thing: object) -> int:
        if identity not in self._known:
            self._known[identity] = len(self.things)
            self.things.append(thing)
        return self._known[identity]


def _identity(destination: Destination) -> tuple[str, ...]:
    return (destination.account.account_id, *(contract.contract_id for contract in destination.contracts))


@dataclass(slots=True)
class _Together:
    """Rows that are split as one quantity."""

    rows: list[int]
    units: int = 0

    def parts(self, shares: Sequence[Fraction], step: int) -> list[int]:
        """Return the quantity by shares, in multiples of ``step`` or of what the quantity itself is a multiple of.

        Where every share is one, each gets the whole.
        """
        if all(share == 1 for share in shares):
            return [self.units] * len(shares)
        while self.units % step:
            step //= 10
        return split_units(self.units, shares, step)


@dataclass(frozen=True, slots=True, eq=False)
class _SplitPlan:
    """What splitting needs to know of each row: routes, and the codes of their destinations and services."""

    customers: Routes
    articles: Routes
    destinations: list[list[int]]
    services: list[list[int]]
    customer: Array


def _split(rows: Sequence[int], plan: _SplitPlan, units: Array, step: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (row, destination, service, units): first by the shares of the SKU, then by those of the customer."""
    by_article: dict[tuple[int, int, int], _Together] = {}
    for row in rows:
        route, article = int(plan.customers.route[row]), int(plan.articles.route[row])
        group = by_article.setdefault((int(plan.customer[row]), route, article), _Together([]))
        group.rows.append(row)
        group.units += int(units[row])
    by_service: dict[tuple[int, int, int], _Together] = {}
    for (customer, route, article), group in by_article.items():
        shares = [way.share for way in plan.articles.ways[article]]
        for service, part in zip(plan.services[article], group.parts(shares, step), strict=True):
            of_service = by_service.setdefault((customer, route, service), _Together([]))
            of_service.rows += group.rows
            of_service.units += part
    for (_, route, service), group in by_service.items():
        shares = [way.share for way in plan.customers.ways[route]]
        for destination, part in zip(plan.destinations[route], group.parts(shares, step), strict=True):
            yield group.rows[0], destination, service, part
            yield from ((row, destination, service, 0) for row in group.rows[1:])
