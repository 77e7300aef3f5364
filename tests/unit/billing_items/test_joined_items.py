"""Posted and pending items joined with the usage behind their lines, by example."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_providers.engine.billing_items import ItemContext, billing_items
from billing_providers.model.billing_dataset import BillingItem, ItemState
from billing_providers.model.billing_items import PendingItem, PostedItem
from billing_providers.model.changes import ChangeKind, ManagedLine, MatchedLine
from billing_providers.model.periods import BillingCalendar, BillingPeriod
from billing_providers.model.psa import Account, Contract, PsaDirectory, Service
from billing_providers.model.runs import RunScope
from tests.support.diffs import change

OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1), "Europe/London")
SCOPE = RunScope("modules/r1", "modules", "autotask:acme", OCTOBER, (), False, False, date(2026, 11, 2))
DIRECTORY = PsaDirectory(
    accounts=(Account("1", "ASP", "Aspen Ltd", True), Account("2", "BIR", "Birch Ltd", True)),
    contracts=(
        Contract("10", "1", "Aspen Ltd", "Aspen services", "Recurring", True, "Monthly", date(2026, 1, 1), None),
        Contract("20", "2", "Birch Ltd", "Birch services", "Recurring", True, "Monthly", date(2026, 1, 1), None),
    ),
    services=(Service("5", "Monitoring", "", True), Service("6", "Firewall", "", True)),
)
REGISTER = ManagedLine(
    "autotask:acme", "100", "10", "1", "5", "Datto RMM: uid-1\nDatto RMM: uid-2", "Datto RMM - Servers", Decimal(3),
    OCTOBER.start,
)  # fmt: skip


def posted(**fields: Any) -> PostedItem:
    values: dict[str, Any] = {
        "line_id": "100", "contract_id": "10", "account_id": "1", "service_id": "5", "service_name": "Monitoring Oct",
        "quantity": Decimal(3), "amount": Decimal("28.50"), "item_date": date(2026, 10, 1),
        "posted_on": date(2026, 11, 2), "invoice_number": "INV-7",
    }  # fmt: skip
    return PostedItem(**{**values, **fields})


def pending(**fields: Any) -> PendingItem:
    values: dict[str, Any] = {
        "line_id": "100", "contract_id": "10", "service_id": "5", "start": date(2026, 10, 1),
        "end": date(2026, 10, 31), "units": Decimal(3), "amount": Decimal("28.50"),
    }  # fmt: skip
    return PendingItem(**{**values, **fields})


def joined(*items: PostedItem | PendingItem, **context: Any) -> list[BillingItem]:
    facts: dict[str, Any] = {
        "scope": SCOPE,
        "calendar": BillingCalendar(1, "Europe/London"),
        "source": "Kaseya modules",
        "directory": DIRECTORY,
        "customers": {"Datto RMM: uid-1": "Aspen North", "Datto RMM: uid-2": "Aspen South"},
        "managed": [REGISTER],
    }
    return billing_items(
        [item for item in items if isinstance(item, PostedItem)],
        [item for item in items if isinstance(item, PendingItem)],
        ItemContext(**{**facts, **context}),
    )


def test_an_item_of_a_managed_line_names_module_customers_and_sku() -> None:
    """Whoever reads the dataset sees which usage a line is billed for, without another table."""
    (item,) = joined(posted())

    assert item == BillingItem(
        run_key="modules/r1",
        integration="modules",
        period_start=date(2026, 10, 1),
        period_end=date(2026, 11, 1),
        state=ItemState.POSTED,
        billed_period=date(2026, 10, 1),
        module="Datto RMM",
        managed=True,
        customer_code="Datto RMM: uid-1, Datto RMM: uid-2",
        customer_name="Aspen North, Aspen South",
        account_id="1",
        account_name="Aspen Ltd",
        contract_id="10",
        contract_name="Aspen services",
        service_id="5",
        service_name="Monitoring",
        line_id="100",
        sku="Datto RMM - Servers",
        quantity=Decimal(3),
        amount=Decimal("28.50"),
        currency="",
        first_day=date(2026, 10, 1),
        last_day=None,
        posted_on=date(2026, 11, 2),
        invoice_number="INV-7",
        prorated=False,
        split_on=None,
    )


def test_a_line_that_no_run_sets_stands_under_its_account() -> None:
    """What is sold by hand is kept, with no module and the account as customer."""
    (item,) = joined(pending(line_id="900", contract_id="20", service_id="6"))

    assert (item.module, item.managed, item.sku) == ("", False, "")
    assert (item.customer_code, item.customer_name, item.account_id) == ("BIR", "Birch Ltd", "2")
    assert (item.service_name, item.quantity, item.first_day, item.last_day) == (
        "Firewall", Decimal(3), date(2026, 10, 1), date(2026, 10, 31),
    )  # fmt: skip


def test_what_the_directory_does_not_know_is_kept_by_its_ids() -> None:
    """Nothing is lost: not for an unknown contract, account or service, nor without a day or an amount."""
    strange = posted(line_id="7", contract_id="x", account_id="y", service_id="", item_date=None, amount=None)
    rows = joined(strange, pending(contract_id="z", line_id="8", service_id="9"))

    assert [(row.account_id, row.contract_id, row.service_name, row.amount, row.billed_period) for row in rows] == [
        ("", "z", "9", Decimal("28.50"), date(2026, 10, 1)),
        ("y", "x", "Monitoring Oct", None, None),
    ]


def test_a_line_that_the_diff_matched_has_its_module_before_it_is_registered() -> None:
    """A held change or a dry run leaves a line unregistered; the usage that reaches it is known all the same."""
    matched = MatchedLine("900", "20", "2", "6", "RocketCyber: Birch", "RocketCyber - Agents", Decimal(4))
    (item,) = joined(pending(line_id="900", contract_id="20", service_id="6"), matched=[matched])

    assert (item.module, item.managed, item.customer_code) == ("RocketCyber", False, "RocketCyber: Birch")


def test_a_line_that_this_run_adds_is_found_by_contract_and_service() -> None:
    """The PSA tells no id for a line that it creates; there is one line of the service on the contract."""
    added = change(
        kind=ChangeKind.ADD_LINE, line_id="", contract_id="20", service_id="6",
        customer_codes=("Graphus: Birch",), skus=("Graphus - Users",),
    )  # fmt: skip
    (item,) = joined(pending(line_id="901", contract_id="20", service_id="6"), changes=[added])

    assert (item.module, item.managed, item.sku) == ("Graphus", False, "Graphus - Users")


@pytest.mark.parametrize(
    ("adds", "others", "module"),
    [
        (1, [], "Graphus"),
        (1, [pending(line_id="901", contract_id="20", service_id="6")], "Graphus"),
        (2, [], ""),  # which of the two is not said
        (1, [pending(line_id=line, contract_id="20", service_id="6") for line in ("901", "902")], ""),
    ],
)
def test_a_row_without_a_line_counts_for_the_line_that_this_run_adds(
    adds: int, others: list[PendingItem], module: str
) -> None:
    """Until the PSA tells the new line's id, contract and service say whose it is; of two adds none is guessed."""
    added = change(
        kind=ChangeKind.ADD_LINE, line_id="", contract_id="20", service_id="6",
        customer_codes=("Graphus: Birch",), skus=("Graphus - Users",),
    )  # fmt: skip
    rows = joined(pending(line_id="", contract_id="20", service_id="6"), *others, changes=[added] * adds)

    assert [row.module for row in rows if not row.line_id] == [module]


def test_a_row_without_a_line_counts_for_the_only_line_there() -> None:
    """A row that names no line belongs to the contract's one line of the service; among several it is not guessed."""
    alone = joined(pending(line_id=""))
    second = MatchedLine("101", "10", "1", "5", "RocketCyber: Aspen", "RocketCyber - Agents", Decimal(4))
    among_two = joined(pending(line_id=""), pending(line_id="101"), matched=[second])

    assert [row.module for row in alone] == ["Datto RMM"]
    assert [(row.line_id, row.module) for row in among_two] == [("", ""), ("101", "RocketCyber")]


def test_a_line_of_several_modules_names_all_of_them() -> None:
    """A bundle that two modules count is neither the one's nor the other's alone."""
    line = MatchedLine(
        "900", "20", "2", "6", "Datto AV: Birch\nDatto EDR: Birch", "Datto AV - Endpoints\nDatto EDR - Endpoints",
        Decimal(4),
    )  # fmt: skip
    (item,) = joined(pending(line_id="900", contract_id="20", service_id="6"), matched=[line])

    assert (item.module, item.sku) == ("Datto AV + Datto EDR", "Datto AV - Endpoints, Datto EDR - Endpoints")


def test_a_source_without_modules_is_its_own_module() -> None:
    """Figures by source work for every source: a code or SKU that only looks like a module's is none."""
    line = MatchedLine("900", "20", "2", "6", "Birch: Ltd", "Office - E3", Decimal(4))
    (item,) = joined(pending(line_id="900", contract_id="20", service_id="6"), matched=[line], source="Atria")

    assert item.module == "Atria"


def test_a_row_of_an_earlier_period_says_so() -> None:
    """What was never posted keeps waiting in sight, under the period in which it started."""
    old, now = joined(pending(start=date(2026, 8, 1), end=date(2026, 8, 31)), pending())

    assert (old.billed_period, old.waits) == (date(2026, 8, 1), True)
    assert (now.billed_period, now.waits) == (date(2026, 10, 1), False)
    assert not joined(posted(item_date=date(2026, 8, 1)))[0].waits


IDS = st.sampled_from(["", "100", "101", "b100"])
PLACES = st.sampled_from(["10", "20", "30"])
AMOUNTS = st.none() | st.decimals(-1000, 1000, places=4)
POSTED = st.builds(
    lambda line, contract, amount: posted(line_id=line, contract_id=contract, amount=amount), IDS, PLACES, AMOUNTS
)
PENDING = st.builds(
    lambda line, contract, amount, day: pending(
        line_id=line, contract_id=contract, amount=amount, start=date(2026, 10, day)
    ),
    IDS, PLACES, AMOUNTS, st.integers(1, 31),
)  # fmt: skip


@given(st.lists(POSTED | PENDING, max_size=12), st.randoms())
def test_every_item_is_exactly_one_row_in_whatever_order_it_was_read(items, random) -> None:
    """Nothing is lost or doubled, and the order of reading shows nowhere."""
    rows = joined(*items)
    shuffled = list(items)
    random.shuffle(shuffled)

    assert Counter((row.state.value, row.line_id, row.contract_id, row.amount) for row in rows) == Counter(
        ("posted" if isinstance(item, PostedItem) else "pending", item.line_id, item.contract_id, item.amount)
        for item in items
    )
    assert Counter(joined(*shuffled)) == Counter(rows)
