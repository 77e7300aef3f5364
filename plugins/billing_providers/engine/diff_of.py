"""Puts a finished plan together as a contract diff: order, counts, totals, inputs and the digest over all of it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from billing_providers.engine.columns import Array, product, scaled, sums
from billing_providers.engine.customer_choice import Standing
from billing_providers.engine.diff import Assigned
from billing_providers.engine.digest import diff_digest, joint_digest, live_lines_digest, policy_digest
from billing_providers.engine.live_lines import LiveLines, id_key
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.engine.targets import Targets
from billing_providers.engine.unplaced import Usage
from billing_providers.model.changes import (
    ChangeKind,
    ContractDiff,
    DiffInputs,
    LineChange,
    LineField,
    MatchedLine,
    joined,
)
from billing_providers.model.decimals import EXACT
from billing_providers.model.findings import Finding
from billing_providers.model.psa import QuantityWrite


def diff_of(
    inputs: PlanInputs,
    live: LiveLines,
    *,
    complete: bool,
    changes: Iterable[LineChange],
    matched: Sequence[MatchedLine],
    unchanged_count: int,
    findings: Iterable[Finding],
    counts: Mapping[str, int],
) -> ContractDiff:
    """Return the diff with everything in its place and its digest."""
    scope = inputs.scope
    ordered = tuple(sorted(changes, key=change_order))
    diff = ContractDiff(
        digest="",
        integration=scope.integration,
        psa=inputs.psa,
        tenant=scope.tenant,
        period_start=scope.period.start,
        period_end=scope.period.end,
        timezone=scope.period.timezone,
        complete=complete,
        applicable=_usable(inputs) and inputs.capabilities.quantity_write is not QuantityWrite.NONE,
        changes=ordered,
        unchanged_count=unchanged_count,
        matched=tuple(matched),
        findings=tuple(sorted(findings, key=lambda finding: (finding.number, finding.subject, finding.message))),
        inputs=_inputs(inputs, live),
        strategy=inputs.capabilities.strategy,
        snapshot_id=inputs.snapshot.snapshot_id,
        charge_set_id=inputs.charge_set.charge_set_id,
        counts=change_counts(ordered, {**counts, "matched": len(matched), "unchanged": unchanged_count}),
        totals=change_totals(ordered),
    )
    return dataclasses.replace(diff, digest=diff_digest(diff))


def unusable_usage(inputs: PlanInputs) -> list[Finding]:
    """Return why nothing may be planned from this snapshot: no record at all, or not complete. Empty when it may."""
    snapshot, voice = inputs.snapshot, inputs.voice
    if snapshot.record_count == 0:
        return [voice.finding(15, period=inputs.scope.period)]
    if not snapshot.complete:
        return [voice.finding(108, error=snapshot.incomplete_why or "the source does not say why")]
    return []


def matched_lines(assigned: Assigned, targets: Targets, usage: Usage, live: LiveLines) -> list[MatchedLine]:
    """Return every line that usage matched, changed or not, in order of the line ids."""
    import numpy as np

    charges = usage.charges
    rows = targets.rows_by_target(assigned.target.tolist())
    numbers = {target: _numbers(charges.charge_nos, of_target) for target, of_target in rows.items()}
    several = np.nonzero((targets.customer < 0) | (targets.sku < 0))[0].tolist()
    customers = {target: joined(charges.customers_of(rows[target])) for target in several if target in rows}
    skus = {target: joined(charges.skus_of(rows[target])) for target in several if target in rows}
    customer_of = [*charges.customer.labels, ""]
    sku_of, cycle_of = [*charges.sku.labels, ""], [*charges.cycle.labels, ""]
    target, line = assigned.target.tolist(), assigned.line.tolist()
    up, down = live.up, live.down
    held = (
        [None] * len(line)
        if up is None or down is None
        else [up[at] if rises else down[at] for at, rises in zip(line, assigned.rises.tolist(), strict=True)]
    )
    return list(
        map(
            MatchedLine,
            _taken(live.ids, assigned.line),
            _taken(live.contract_ids, assigned.line),
            _taken([account.account_id for account in targets.accounts], targets.contract[assigned.target]),
            _taken(live.service_ids, assigned.line),
            _named(_taken(customer_of, targets.customer[assigned.target]), target, customers),
            _named(_taken(sku_of, targets.sku[assigned.target]), target, skus),
            usage.scale.decimals(assigned.after),
            _taken(cycle_of, targets.cycle[assigned.target]),
            held,
            _taken(live.columns["last_day"], assigned.line),
            _taken(live.columns["included"], assigned.line),
            [numbers[of_line] for of_line in target],
        )
    )


def billed_before(
    assigned: Assigned, targets: Targets, usage: Usage, live: LiveLines, accounts: set[str]
) -> dict[str, Decimal]:
    """Return what the matched lines of some accounts amount to now: units × price, units where there is no price."""
    import numpy as np

    of_contract = np.array([account.account_id in accounts for account in targets.accounts] + [False], dtype=bool)
    chosen = of_contract[targets.contract[assigned.target]] & assigned.known
    prices = [live.columns["unit_price"][at] or Decimal(1) for at in assigned.line[chosen].tolist()]
    price_scale, (price,) = scaled([prices])
    contract = targets.contract[assigned.target[chosen]]
    units = sums(contract, product(assigned.before[chosen], price.units), len(targets.contracts))
    places = usage.scale.places + price_scale.places
    before: dict[str, Decimal] = {}
    for number in np.unique(contract).tolist():
        account = targets.accounts[number].account_id
        amount = Decimal(int(units[number])).scaleb(-places, EXACT)
        before[account] = EXACT.add(before.get(account, Decimal(0)), amount)
    return before


# How the kinds of changes are counted for people.
_COUNTED = {
    "set": {ChangeKind.SET_QUANTITY, ChangeKind.SET_FIELDS},
    "zero": {ChangeKind.ZERO, ChangeKind.END_LINE},
    "add": {ChangeKind.ADD_LINE},
}


def plan_counts(standings: Sequence[Standing], charge_lines: int, live_lines: int) -> dict[str, int]:
    """Return what was planned, for people: customers in scope by standing, and how many lines were looked at."""
    return {
        "customers": sum(standing is Standing.PLANNED for standing in standings),
        "customers_skipped": sum(standing in {Standing.SKIPPED, Standing.HELD} for standing in standings),
        "charge_lines": charge_lines,
        "live_lines": live_lines,
    }


def change_order(change: LineChange) -> tuple[str, ...]:
    """Return what changes of a diff are sorted by: account, contract, service, line, step."""
    return (
        change.account_name,
        change.account_id,
        id_key(change.contract_id),
        change.service_name,
        id_key(change.line_id),
        f"{change.step:04d}",
        change.change_id,
    )


def _usable(inputs: PlanInputs) -> bool:
    return inputs.snapshot.complete and inputs.snapshot.record_count > 0


def _inputs(inputs: PlanInputs, live: LiveLines) -> DiffInputs:
    bounds = [
        sorted(inputs.scope.customers),
        None if inputs.only_lines is None else sorted(inputs.only_lines),
        [inputs.capabilities.quantity_write.value, inputs.capabilities.reads_quantity],
        [inputs.capabilities.adds_lines, inputs.capabilities.whole_units, sorted(inputs.capabilities.sets)],
        list(inputs.recent_record_counts),
    ]
    if inputs.capabilities.dates_quantities or inputs.settings.policy.prorate:
        bounds.append(sorted(map(str, inputs.dated_writes)))
    if inputs.undone_before:
        bounds.append(list(inputs.undone_before))
    if inputs.movement.rows:
        bounds.append(_movement_bounds(inputs))
    return DiffInputs(
        snapshot=inputs.snapshot.digest,
        rules=inputs.charge_set.rules_digest,
        mappings=joint_digest(inputs.customer_map.digest, inputs.service_map.digest, inputs.line_terms.digest),
        policy=joint_digest(policy_digest(inputs.settings), json.dumps(bounds)),
        live_lines=live_lines_digest(live),
        tool_version=inputs.tool_version,
    )


def _movement_bounds(inputs: PlanInputs) -> list[Any]:
    """Return what decides besides usage and lines when changes move at their own times."""
    writes = [f"{entry.line_id} {entry.period_start} {entry.run_key}" for entry in inputs.standing]
    return [
        [inputs.movement.digest, *inputs.settings.moves],
        [inputs.in_period, inputs.young.everything, sorted(inputs.young.pairs)],
        sorted([*pair, day.isoformat()] for pair, day in inputs.seen_on.items()),
        writes,
    ]


def change_counts(changes: Sequence[LineChange], counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Return how many changes there are of each sort, beside other counts, sorted by name."""
    made = {name: sum(change.kind in kinds for change in changes) for name, kinds in _COUNTED.items()}
    held = sum(bool(change.held_by) for change in changes)
    return tuple(sorted({**counts, **made, "held": held, "changes": len(changes)}.items()))


def change_totals(changes: Sequence[LineChange]) -> tuple[tuple[str, Decimal], ...]:
    """Return by how much quantity, price and cost move, over the changes whose quantity before is known."""
    totals = {"quantity_delta": Decimal(0), "price_delta": Decimal(0), "cost_delta": Decimal(0)}
    for change in changes:
        if change.quantity_before is None and change.kind is not ChangeKind.ADD_LINE:
            continue
        rates = {
            "quantity_delta": (Decimal(1), Decimal(1)),
            "price_delta": _rates(change, LineField.UNIT_PRICE, change.unit_price),
            "cost_delta": _rates(change, LineField.UNIT_COST, change.unit_cost),
        }
        for name, (rate_before, rate_after) in rates.items():
            before = EXACT.multiply(change.quantity_before or Decimal(0), rate_before)
            moved = EXACT.subtract(EXACT.multiply(change.quantity_after, rate_after), before)
            totals[name] = EXACT.add(totals[name], moved)
    return tuple(sorted(totals.items()))


def _rates(change: LineChange, name: LineField, after: Decimal | None) -> tuple[Decimal, Decimal]:
    """Return what one unit costs before and after a change; nothing where it is not known."""
    before = next((field.before for field in change.fields if field.field is name), None)
    is_set = any(field.field is name for field in change.fields)
    return Decimal(before or 0) if is_set else after or Decimal(0), after or Decimal(0)


def _numbers(charge_nos: list[int], rows: list[int]) -> str:
    return ",".join([str(charge_nos[row]) for row in rows])


def _taken(labels: list[Any], codes: Array) -> list[Any]:
    return [labels[code] for code in codes.tolist()]


def _named(labels: list[str], targets: list[int], several: Mapping[int, str]) -> list[str]:
    """Return the labels, with those of targets that sum several customers or SKUs in their place."""
    if not several:
        return labels
    return [several.get(target, label) for target, label in zip(targets, labels, strict=True)]
