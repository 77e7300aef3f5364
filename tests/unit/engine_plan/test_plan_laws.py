"""Laws that every plan keeps, tried on tenants that nobody would write down."""

from __future__ import annotations

import dataclasses
import random
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing_providers.engine.planner import PlanInputs, lines_wanted, plan
from billing_providers.model.changes import ChangeKind, ContractDiff, ManagedLine
from billing_providers.model.psa import ContractLine
from tests.support.plan_scenario import inputs_of
from tests.support.plan_world import PERIOD

CODES, SKUS = ["ASP", "AS2", "BRK", "CED", "DGW"], ["AV", "BKP", "MS365", "NOPE", ""]
SCENARIO = """
    # accounts
    id | code | name | active
    1  | A1   | Aspen | yes
    2  | B1   | Birch | yes
    3  | C1   | Cedar | yes
    4  | D1   | Dogwood | no
    # contracts
    id | account | name
    11 | 1 | Monthly
    22 | 2 | Monthly
    33 | 3 | First
    34 | 3 | Second
    # services
    id | name
    5  | AV
    6  | BKP
    7  | MS365
    # customers
    customer_code,account_code,share
    BRK,A1,1/3
    BRK,B1,2/3
"""
quantity = st.sampled_from(["0", "1", "2.5", "7", "12", "40", "-1", "0.333333", "1000"])
usage_row = st.tuples(
    st.sampled_from(CODES),
    st.sampled_from(["A1", "C1", "D1", "", "a1"]),
    st.sampled_from(SKUS),
    quantity,
    st.sampled_from(["", "", "", "yearly"]),
)
line_row = st.tuples(
    st.sampled_from(["11", "22", "33", "34"]),
    st.sampled_from(["5", "6", "7"]),
    st.sampled_from(["0", "1", "3", "8", "40", "300"]),
    st.sampled_from(["yes", "yes", "yes", "no"]),
)
managed_row = st.tuples(
    st.integers(0, 9), st.sampled_from([*CODES, "OLD", "ASP\\nAS2"]), st.sampled_from(["AV", "BKP", "MS365", "X"])
)
policies = st.fixed_dictionaries(
    {},
    optional={
        "contract_choice": st.just("holds_service"),
        "several_lines": st.just("collapse"),
        "fractions": st.just("refuse"),
        "zeroing_limit": st.just("1"),
        "add_lines": st.just("yes"),
    },
)
runs = st.fixed_dictionaries(
    {},
    optional={
        "filter": st.sampled_from(["ASP", "ASP, CED", "BRK, OLD", "nobody"]),
        "held": st.sampled_from(["ASP", "CED"]),
        "failed": st.sampled_from(["BRK", "GHOST"]),
        "adds": st.just("yes"),
        "whole": st.just("no"),
    },
)


@st.composite
def tenants(draw: Any) -> PlanInputs:
    """A small tenant with everything that makes planning hard."""
    lines, usage = draw(st.lists(line_row, max_size=10)), draw(st.lists(usage_row, max_size=12))
    managed = draw(st.lists(managed_row, max_size=6, unique_by=lambda row: row[0]))
    accounts = {"11": "1", "22": "2", "33": "3", "34": "3"}
    text = [SCENARIO, "# lines", "id | contract | service | quantity | open"]
    text += [f"{100 + number} | {' | '.join(row)}" for number, row in enumerate(lines)]
    text += ["# usage", "customer | identifier | sku | quantity | term", *(" | ".join(row) for row in usage)]
    text += ["# managed", "line | customer | sku | contract | account | service | quantity"]
    for number, customer, sku in managed:
        contract, service, held, _ = lines[number] if number < len(lines) else ("11", "5", "1", "")
        text.append(f"{100 + number} | {customer} | {sku} | {contract} | {accounts[contract]} | {service} | {held}")
    for name, values in (("policy", draw(policies)), ("run", draw(runs))):
        text += [f"# {name}", *(f"{key} = {value}" for key, value in values.items())]
    return inputs_of("\n".join([*text, "# changes", "# findings"]))


def applied(inputs: PlanInputs, diff: ContractDiff, *, undo: bool = False) -> PlanInputs:
    """Return the inputs after every change was written (or taken back) and every matched line registered."""
    written = {change.line_id: change for change in diff.changes}

    def after(line: ContractLine) -> ContractLine:
        change = written.get(line.line_id)
        if change is None:
            return line
        return dataclasses.replace(line, quantity=change.quantity_before if undo else change.quantity_after)

    added = [
        ContractLine(
            f"9{number}", change.contract_id, change.account_id, change.service_id, change.service_name, "",
            change.quantity_after, None, None, None, True,
        )
        for number, change in enumerate(diff.changes)
        if change.kind is ChangeKind.ADD_LINE
    ]  # fmt: skip
    register = {line.line_id: line for line in inputs.managed} | {
        line.line_id: ManagedLine(
            diff.tenant, line.line_id, line.contract_id, line.account_id, line.service_id, line.customer_code,
            line.sku, line.quantity, PERIOD.start, line.billing_cycle,
        )
        for line in diff.matched
    }  # fmt: skip
    return dataclasses.replace(
        inputs, lines=[after(line) for line in inputs.lines] + added, managed=list(register.values())
    )


laws = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@laws
@given(tenants())
def test_running_again_after_success_plans_nothing(inputs: PlanInputs):
    """Law 9: every change written, held ones too, the next plan is empty."""
    again = plan(applied(inputs, plan(inputs)))

    assert again.changes == ()


@laws
@given(tenants(), st.randoms(use_true_random=False))
def test_the_order_of_the_inputs_decides_nothing(inputs: PlanInputs, chance: random.Random):
    """The same facts in another order give the same bytes, findings included."""
    directory = inputs.directory

    def shuffled(rows: Any) -> Any:
        return chance.sample(list(rows), len(rows))

    other = dataclasses.replace(
        inputs,
        charges=inputs.charges.iloc[shuffled(range(len(inputs.charges)))].reset_index(drop=True),
        lines=shuffled(inputs.lines),
        managed=shuffled(inputs.managed),
        reported_customers=dict(shuffled(inputs.reported_customers.items())),
        directory=dataclasses.replace(
            directory,
            accounts=tuple(shuffled(directory.accounts)),
            contracts=tuple(shuffled(directory.contracts)),
            services=tuple(shuffled(directory.services)),
        ),
    )

    assert plan(other) == plan(inputs)


@laws
@given(tenants())
def test_nothing_happens_outside_the_filter_to_failed_customers_or_on_unmanaged_lines(inputs: PlanInputs):
    """Laws 3 and 11: each change belongs to customers in scope that were read, and zeroing to registered lines."""
    diff = plan(inputs)
    scope = set(inputs.scope.customers)
    apart = set(inputs.snapshot.failed_customers) | {code for code, _ in inputs.charge_set.held_customers}
    managed = {line.line_id for line in inputs.managed}
    reachable = {
        line.line_id
        for line in inputs.lines
        if line.open and line.contract_id in {contract.contract_id for contract in lines_wanted(inputs).contracts}
    }

    for change in diff.changes:
        assert not scope or set(change.customer_codes) <= scope
        assert apart.isdisjoint(change.customer_codes)
        assert change.quantity_after >= 0
        assert change.quantity_after != change.quantity_before
        if change.kind is ChangeKind.ZERO:
            assert change.line_id in managed
            assert change.charge_nos == ()
        if change.kind is not ChangeKind.ADD_LINE:
            assert change.line_id in reachable
    assert {line.line_id for line in diff.matched} <= reachable


@laws
@given(tenants())
def test_every_change_is_held_or_pushable_and_every_matched_line_ends_where_it_should(inputs: PlanInputs):
    """The two parts make the whole; a line is changed once; the register gets what the diff sets."""
    diff = plan(inputs)
    after = {change.line_id: change.quantity_after for change in diff.changes if change.line_id}
    live = {line.line_id: line.quantity for line in inputs.lines}

    assert sorted(diff.held + diff.pushable, key=repr) == sorted(diff.changes, key=repr)
    assert len({change.change_id for change in diff.changes}) == len(diff.changes)
    assert len(after) == sum(bool(change.line_id) for change in diff.changes)
    assert all(line.quantity == after.get(line.line_id, live[line.line_id]) for line in diff.matched)


@laws
@given(tenants())
def test_undoing_a_diff_restores_every_line(inputs: PlanInputs):
    """A diff says what was before: taking it back gives the lines that were read."""
    diff = plan(dataclasses.replace(inputs, capabilities=dataclasses.replace(inputs.capabilities, adds_lines=False)))

    assert applied(applied(inputs, diff), diff, undo=True).lines == inputs.lines


@laws
@given(tenants())
def test_an_incomplete_or_empty_snapshot_changes_nothing(inputs: PlanInputs):
    """Law 3, whatever else is given."""
    for snapshot in (
        dataclasses.replace(inputs.snapshot, complete=False, incomplete_why="page 2"),
        dataclasses.replace(inputs.snapshot, record_count=0),
    ):
        diff = plan(dataclasses.replace(inputs, snapshot=snapshot))

        assert (diff.changes, diff.matched, diff.complete, diff.applicable) == ((), (), False, False)


@laws
@given(st.lists(quantity, min_size=1, max_size=8), st.lists(st.integers(1, 9), min_size=2, max_size=4))
def test_a_split_neither_loses_nor_makes_units(quantities: list[str], weights: list[int]):
    """What the accounts get sums to what the customer used, to the last decimal place."""
    total = sum(Decimal(number) for number in quantities)
    accounts = "\n".join(f"{number} | A{number}" for number in range(len(weights)))
    contracts = "\n".join(f"1{number} | {number}" for number in range(len(weights)))
    lines = "\n".join(f"2{number} | 1{number} | 5 | 999" for number in range(len(weights)))
    usage = "\n".join(f"ASP | i{number} | AV | {used}" for number, used in enumerate(quantities))
    table = "\n".join(f"ASP,A{number},{weight}/{sum(weights)}" for number, weight in enumerate(weights))
    diff = plan(
        inputs_of(
            f"# accounts\nid | code\n{accounts}\n# contracts\nid | account\n{contracts}\n"
            f"# services\nid | name\n5 | AV\n# lines\nid | contract | service | quantity\n{lines}\n"
            f"# usage\ncustomer | item | sku | quantity\n{usage}\n"
            f"# customers\ncustomer_code,account_code,share\n{table}\n# policy\nplaces = 6\n# run\nwhole = no\n"
            "# changes\n# findings"
        )
    )

    if total >= 0:
        assert sum(line.quantity for line in diff.matched) == total


def test_a_customers_name_is_that_of_its_first_charge_line_whatever_their_order():
    """Names are words in findings and reviews; they must not change from run to run."""
    inputs = inputs_of(
        SCENARIO
        + """
    # usage
    customer | identifier | name     | sku | quantity
    ASP      | Q          | Zed      | AV  | 1
    ASP      | Q          | Aspen    | AV  | 1
    # changes
    # findings
    """
    )
    backwards = inputs.charges.iloc[::-1].reset_index(drop=True)

    for charges in (inputs.charges, backwards):
        diff = plan(dataclasses.replace(inputs, charges=charges, reported_customers={}))
        assert [finding.about("customer_name") for finding in diff.findings if finding.number == 22] == ["Zed"]
