"""The rooms behind Dashboard and Mappings say the same on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.errors import LedgerError
from billing_providers.ledger.ledger import Ledger
from billing_providers.ledger.paging import Slice
from billing_providers.model.billing_dataset import BillingItemsRead, BillingTotal, ItemState, TotalBy
from billing_providers.model.dashboard import GroupOrder
from billing_providers.model.mapping_decisions import DecidedMapping, MappedKind, MappingDecision
from billing_providers.model.mapping_states import MappingOffer, MappingStanding, MappingState
from billing_providers.model.run_totals import RunTotal, RunTotalBy
from tests.support.ledger_values import LONG, NASTY, NOON, NOVEMBER, OCTOBER, closed_run

DAG = "atria_to_kaseya_bms"


def total(key: str, after: str, by: RunTotalBy = RunTotalBy.CUSTOMER, **values: Any) -> RunTotal:
    told = RunTotal(by, key, f"Name {key}", 1, 0, 0, Decimal(1), Decimal(0), Decimal(after), 0)
    return replace(told, **values)


def kept(ledger: Ledger, run_key: str, start: date, *totals: RunTotal, **run: Any) -> None:
    record = closed_run(run_key, start, integration=DAG, **run)
    ledger.runs.start(record)
    ledger.runs.finish(record)
    amount = sum((one.after for one in totals), Decimal(0))
    whole = replace(total("", "0", RunTotalBy.ALL), label="", after=amount)
    ledger.run_totals.keep(run_key, [whole, *totals])


def test_the_sums_of_a_run_are_read_as_they_were_kept_and_replaced_as_a_whole(ledger: Ledger) -> None:
    """Exactly, with every digit."""
    kept(ledger, "r1", OCTOBER, total("1", "5"), total("3", "1"))
    long = replace(total("2", "7"), label=NASTY, quantity=LONG, before=LONG, after=LONG)
    kept(ledger, "r1", OCTOBER, long)

    assert ledger.run_totals.of_run("r1") == [replace(total("", "0", RunTotalBy.ALL), label="", after=LONG), long]


def test_a_period_is_told_by_its_newest_run_with_sums(ledger: Ledger) -> None:
    """A run over a part keeps none and hides nothing."""
    kept(ledger, "r1", OCTOBER, total("1", "5"), started_at=NOON)
    kept(ledger, "r2", OCTOBER, total("1", "6"), started_at=NOON + timedelta(hours=1))
    ledger.runs.start(closed_run("r3", OCTOBER, integration=DAG, started_at=NOON + timedelta(hours=2)))
    kept(ledger, "r4", NOVEMBER, total("1", "9"), started_at=NOON)

    found = ledger.run_totals.periods(DAG, 10)

    assert [(one.run_key, one.after) for one in found] == [("r4", Decimal(9)), ("r2", Decimal(6))]
    assert [one.run_key for one in ledger.run_totals.periods(DAG, 10, until=OCTOBER)] == ["r2"]


@pytest.mark.parametrize(
    ("order", "keys"),
    [
        (GroupOrder.AMOUNT, ["1", "2", "3", "4"]),
        (GroupOrder.CHANGE, ["4", "2", "3", "1"]),
        (GroupOrder.HELD, ["3", "1", "2", "4"]),
    ],
)
def test_groups_stand_beside_those_of_the_period_before(ledger: Ledger, order: GroupOrder, keys: list[str]) -> None:
    """Also those that are gone since; a new one had nothing."""
    kept(ledger, "r1", OCTOBER, total("1", "100"), total("2", "5"), total("4", "80"))
    kept(ledger, "r2", NOVEMBER, total("1", "101"), total("2", "50"), total("3", "9", held=2))

    found = ledger.run_totals.groups("r2", RunTotalBy.CUSTOMER, Slice(), earlier_run="r1", order=order)

    assert [one.group_key for one in found.items] == keys
    named = {one.group_key: (one.after, one.earlier) for one in found.items}
    assert named["3"] == (Decimal(9), None)
    assert named["4"] == (Decimal(0), Decimal(80))


def test_groups_are_cut_and_found_by_name_in_the_database(ledger: Ledger) -> None:
    """A mark of SQL is a letter."""
    kept(ledger, "r1", OCTOBER, *(total(str(number), str(number)) for number in range(5)), total("x", "0", label="5%"))

    page = ledger.run_totals.groups("r1", RunTotalBy.CUSTOMER, Slice(2, 2))
    assert ([one.group_key for one in page.items], page.total) == (["2", "1"], 6)
    assert [one.group_key for one in ledger.run_totals.groups("r1", RunTotalBy.CUSTOMER, Slice(), words="%").items] == [
        "x"
    ]


def test_posted_and_pending_items_stand_side_by_side_by_currency(ledger: Ledger) -> None:
    """Currencies are never added."""
    read = BillingItemsRead("r1", DAG, "t", OCTOBER, NOVEMBER, NOON, 2, 1)

    def item(state: ItemState, currency: str, amount: str) -> BillingTotal:
        return BillingTotal(TotalBy.CUSTOMER, "17", "Acme", state, currency, 2, Decimal(2), Decimal(amount), 1)

    rows = [item(ItemState.POSTED, "EUR", "10.5"), item(ItemState.PENDING, "EUR", "3"), item(ItemState.POSTED, "", "1")]
    ledger.billing_items.replace(read, [], rows)

    found = ledger.run_totals.items("r1", TotalBy.CUSTOMER, Slice())

    assert [(one.currency, one.posted, one.pending, one.unpriced) for one in found.items] == [
        ("", Decimal(1), None, 1),
        ("EUR", Decimal("10.5"), Decimal(3), 2),
    ]


def state(subject: str, standing: MappingStanding = MappingStanding.UNMAPPED, **values: Any) -> MappingState:
    told = MappingState(MappedKind.CUSTOMER, subject, NASTY, "Atria", standing, "", "", "", "", (), 0, "r1")
    return replace(told, **values)


def decided(subject: str, decision: MappingDecision = MappingDecision.MAP, target: str = "1") -> DecidedMapping:
    return DecidedMapping(DAG, MappedKind.CUSTOMER, subject, 0, decision, target, NASTY, "", None, "ann", NOON)


def test_what_is_open_comes_before_what_is_decided_or_mapped(ledger: Ledger) -> None:
    """A withdrawn decision leaves it open."""
    offer = MappingOffer("7", NASTY, 96, "near")
    states = [state("A", MappingStanding.MAPPED), state("B"), state("C", offers=(offer,)), state("D")]
    ledger.mapping_states.keep(DAG, states)
    ledger.mapping_decisions.add([decided("B"), decided("D"), decided("D", MappingDecision.WITHDRAW, "")])

    page = ledger.mapping_states.page(DAG, MappedKind.CUSTOMER, Slice())

    assert [(one.subject, one.is_decided) for one in page.items] == [
        ("C", False),
        ("D", False),
        ("B", True),
        ("A", False),
    ]
    assert page.items[0].offers == (offer,)
    assert [
        one.subject for one in ledger.mapping_states.page(DAG, MappedKind.CUSTOMER, Slice(), offered=True).items
    ] == ["C"]
    assert ledger.mapping_states.of(DAG, MappedKind.CUSTOMER, ["C", "Z"]) == {"C": states[2]}


def test_decisions_are_numbered_and_never_changed(ledger: Ledger) -> None:
    """The last one about a thing stands, unless it withdraws."""
    ledger.mapping_decisions.add([decided("A"), decided("A", target="2"), decided("B")])
    ledger.mapping_decisions.add([decided("B", MappingDecision.WITHDRAW, "")])

    standing = ledger.mapping_decisions.standing(DAG, MappedKind.CUSTOMER)
    assert [(one.subject, one.seq, one.target) for one in standing] == [("A", 2, "2")]
    assert [one.seq for one in ledger.mapping_decisions.of(DAG, MappedKind.CUSTOMER, "B")] == [2, 1]


def test_decisions_are_kept_all_or_none(ledger: Ledger) -> None:
    """One that the database refuses takes the others with it."""
    with pytest.raises(LedgerError):
        ledger.mapping_decisions.add([decided("A"), replace(decided("B"), decision="maybe")])  # type: ignore[arg-type]

    assert ledger.mapping_decisions.standing(DAG, MappedKind.CUSTOMER) == []


def test_customers_of_several_sources_stand_in_the_row_of_their_account(ledger: Ledger) -> None:
    """One account, one row, whatever it is called in the sources."""
    for dag, code in ((DAG, "ASP"), ("sherweb_to_kaseya_bms", "aspen-1")):
        ledger.runs.start(closed_run(f"{dag}/1", OCTOBER, integration=dag, tenant="bms:acme"))
        ledger.mapping_states.keep(dag, [state(code, MappingStanding.MAPPED, target="17", target_name="Acme")])

    page = ledger.mapping_states.accounts([DAG, "sherweb_to_kaseya_bms"], Slice())

    assert [[cell.subject for cell in row] for row in page.items] == [["ASP", "aspen-1"]]
    assert page.total == 1
    assert list(ledger.mapping_states.accounts([], Slice()).items) == []
    assert ledger.mapping_states.tenants() == {DAG: "bms:acme", "sherweb_to_kaseya_bms": "bms:acme"}
    assert [(one.integration, one.state.value, one.subjects) for one in ledger.mapping_states.counts()] == [
        (DAG, "mapped", 1),
        ("sherweb_to_kaseya_bms", "mapped", 1),
    ]
