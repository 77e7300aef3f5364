"""Reading services and bundles of contracts with their units on some days, in as few calls as possible.

Per 500 contracts: the lines and their unit rows, 500 rows a page, each of services and of bundles; and the active
configuration items that a line covers, for which a right of their own is needed. Lines and unit rows are held against
their counts where not finding one matters. A security level that may not read them gets empty lists and no error (seen:
the vendor's help), so lists without any row are questioned.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from billing_providers.errors import BadRequest, Forbidden, SettingsError
from billing_providers.hooks.at.directory import no_right
from billing_providers.hooks.at.kinds import KINDS, LineKind, kind_of
from billing_providers.hooks.at.lines import NO_LINE, LineFacts, has_units, line_facts, line_of, owner_of
from billing_providers.hooks.at.paging import count_of, listed
from billing_providers.hooks.at.query import Clause, Operator, Query, chunks
from billing_providers.hooks.at.tenant import AtTenant
from billing_providers.hooks.at.unit_rows import UnitRows, unit_row
from billing_providers.hooks.http.fields import Fields
from billing_providers.model.psa import Contract, ContractLine, Days, LinesAgain, Service, UnitPeriod

log = logging.getLogger(__name__)

_DEVICES = "ConfigurationItems"


@dataclass(frozen=True, slots=True)
class _Told:
    """The rows of one kind."""

    lines: list[LineFacts]
    units: UnitRows
    devices: Counter[str]


def read_lines(
    tenant: AtTenant,
    contracts: Sequence[Contract],
    services: Sequence[Service],
    days: Days,
    kinds: Sequence[LineKind] = KINDS,
    *,
    counted: bool = True,
) -> list[ContractLine]:
    """Read all lines of these contracts, with their units on these days.

    :param counted: hold lists against their counts, so that what is missing is not there; costs a call for each.
    :raises Forbidden: when the user sees no line, or no unit row, of any contract.
    :raises UnreadableAnswer: when a list is not complete.
    """
    owners = {contract.contract_id: contract.account_id for contract in contracts}
    catalogue = {service.service_id: service for service in services}
    read = _rows(tenant, [int(contract_id) for contract_id in owners], days, kinds, counted=counted)
    told = {kind: _told(kind, *read[kind]) for kind in kinds}
    if owners:
        _really_empty(tenant, told)
    return [
        line for kind, rows in told.items() for line in _lines(kind, rows, days, owners=owners, catalogue=catalogue)
    ]


def read_again(tenant: AtTenant, wanted: Sequence[LinesAgain], days: Days) -> list[ContractLine]:
    """Read some lines anew, one list per kind for all contracts; what is gone is missing.

    Lists are counted only where a line is looked up: not finding it lets another one be added. A line that is known by
    its id is not written when its row is missing.
    """
    contracts = {again.contract.contract_id: again.contract for again in wanted}
    services = {service.service_id: service for again in wanted for service in again.services}
    line_ids = {line_id for again in wanted for line_id in again.line_ids}
    looked_up = {again.contract.contract_id for again in wanted if again.look_up}
    needed = {kind_of(marked).mark for marked in (*line_ids, *(services if looked_up else ()))}
    kinds = [kind for kind in KINDS if kind.mark in needed]
    if not kinds:
        return []
    owned, sold = list(contracts.values()), list(services.values())
    lines = read_lines(tenant, owned, sold, days, kinds, counted=bool(looked_up))
    return [line for line in lines if line.line_id in line_ids or line.contract_id in looked_up]


def _rows(
    tenant: AtTenant, contract_ids: list[int], days: Days, kinds: Sequence[LineKind], *, counted: bool
) -> dict[LineKind, tuple[list[Fields], list[Fields], list[Fields]]]:
    """Read lines, unit rows and configuration items side by side."""
    parts = [Clause("contractID", Operator.IN, part) for part in chunks(contract_ids)]
    queries: list[tuple[LineKind, int, Query]] = []
    for kind in kinds:
        queries += [(kind, 1, _units(kind, part, days)) for part in parts]
        queries += [(kind, 0, Query(kind.lines, kind.facts, (part,))) for part in parts]
        queries += [(kind, 2, _devices(kind, part)) for part in parts]

    def read(asked: tuple[LineKind, int, Query]) -> list[Fields]:
        query = asked[2]
        return _optional(tenant, query) if query.entity == _DEVICES else listed(tenant, query, counted=counted)

    found: dict[LineKind, tuple[list[Fields], list[Fields], list[Fields]]] = {kind: ([], [], []) for kind in kinds}
    for (kind, place, _), rows in zip(queries, tenant.api.client.map(read, queries), strict=True):
        found[kind][place].extend(rows)
    return found


def _units(kind: LineKind, part: Clause, days: Days) -> Query:
    fields = ("contractID", kind.service, kind.line, "startDate", "endDate", "units", "approveAndPostDate")
    overlap = (Clause("startDate", Operator.LTE, days.last), Clause("endDate", Operator.GTE, days.first))
    return Query(kind.units, fields, (part, *overlap))


def _devices(kind: LineKind, part: Clause) -> Query:
    covered = Clause(kind.line, Operator.EXIST)
    return Query(_DEVICES, (kind.line,), (part, covered, Clause("isActive", Operator.EQ, True)))


def _optional(tenant: AtTenant, query: Query) -> list[Fields]:
    """Read configuration items; none where the user may not see them, or the API has no such fields."""
    try:
        return listed(tenant, query)
    except (BadRequest, Forbidden, SettingsError) as refusal:
        log.warning("lines that configuration items drive are not told apart: %s", refusal)
        return []


def _told(kind: LineKind, lines: list[Fields], units: list[Fields], devices: list[Fields]) -> _Told:
    facts = [line_facts(row, kind) for row in lines]
    by_place: dict[tuple[str, str], list[str]] = defaultdict(list)
    for line in facts:
        by_place[line.place].append(line.own_id)
    rows = UnitRows.of((unit_row(row, line=kind.line, service=kind.service) for row in units), by_place)
    return _Told(facts, rows, Counter(row.identity(kind.line) for row in devices))


def _lines(
    kind: LineKind, told: _Told, days: Days, *, owners: dict[str, str], catalogue: dict[str, Service]
) -> list[ContractLine]:
    schedules: dict[str, tuple[UnitPeriod, ...] | None] = {}
    used: dict[tuple[str, str], Counter[bool]] = defaultdict(Counter)
    for facts in told.lines:
        schedule = told.units.schedule(facts.own_id, facts.contract_id, days)
        schedules[facts.own_id] = None if facts.place in told.units.doubtful else schedule
        if facts.unit_price is None or facts.unit_price >= 0:
            used[facts.place][has_units(schedule)] += 1
    found = []
    for facts in told.lines:
        schedule, devices = schedules[facts.own_id], told.devices[facts.own_id]
        sold = used[facts.place][True]
        owner = owner_of(facts, schedule, devices, sold_again=sold > has_units(schedule))
        if facts.place in told.units.doubtful:
            owner = NO_LINE
        found.append(
            line_of(
                facts,
                kind,
                schedule,
                days,
                account_id=owners[facts.contract_id],
                catalogue=catalogue,
                devices=devices,
                owned_by=owner,
            )
        )
    return found


def _really_empty(tenant: AtTenant, told: dict[LineKind, _Told]) -> None:
    """Lists without any row are believed only where other rows of the entity can be seen.

    :raises Forbidden: where none can.
    """
    if not any(rows.lines for rows in told.values()):
        _some_visible(tenant, [kind.lines for kind in KINDS], "no service of any contract can be seen")
    elif not any(rows.units.billed for rows in told.values()):
        _some_visible(tenant, [kind.units for kind in KINDS], "no units of any line can be seen")


def _some_visible(tenant: AtTenant, entities: list[str], why: str) -> None:
    refused = [entity for entity in entities if not tenant.metadata.access(entity).queries]
    exists = (Clause("id", Operator.EXIST),)
    if refused or not any(count_of(tenant, Query(entity, (), exists))[0] for entity in entities):
        raise no_right(tenant, " and ".join(refused or entities), why)
