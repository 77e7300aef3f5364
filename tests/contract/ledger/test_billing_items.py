"""The dataset of pending and posted billing items, as runs read it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.errors import LedgerError
from billing_providers.ledger.ledger import Ledger
from billing_providers.model.billing_dataset import BillingItem, BillingItemsRead, BillingTotal, ItemState, TotalBy
from tests.support.ledger_values import LONG, NASTY, NOON, NOVEMBER, OCTOBER

RUN = "kaseya_modules_to_autotask/run-1"
INTEGRATION, TENANT = "kaseya_modules_to_autotask", "autotask:acme.example@api.example.com"


def read(**changes: Any) -> BillingItemsRead:
    values = BillingItemsRead(RUN, INTEGRATION, TENANT, OCTOBER, NOVEMBER, NOON, posted=1, pending=1)
    return replace(values, **changes)


def item(**changes: Any) -> BillingItem:
    values = BillingItem(
        run_key=RUN,
        integration=INTEGRATION,
        period_start=OCTOBER,
        period_end=NOVEMBER,
        state=ItemState.PENDING,
        billed_period=OCTOBER,
        module="Datto RMM",
        managed=True,
        customer_code="Datto RMM: 0b1f",
        customer_name="Acme Ltd",
        account_id="801",
        account_name="Acme Ltd",
        contract_id="7001",
        contract_name="Acme - Managed Services",
        service_id="31",
        service_name=NASTY,
        line_id="8001",
        sku="Datto RMM - AllDevicesMetric",
        quantity=Decimal("12"),
        amount=LONG,
        currency="",
        first_day=date(2026, 10, 1),
        last_day=date(2026, 10, 14),
        posted_on=None,
        invoice_number="",
        prorated=True,
        split_on=date(2026, 10, 15),
    )
    return replace(values, **changes)


POSTED = item(
    state=ItemState.POSTED, billed_period=None, module="", managed=False, quantity=None, amount=None, first_day=None,
    last_day=None, posted_on=date(2026, 11, 2), invoice_number="INV-1", prorated=False, split_on=None,
)  # fmt: skip


def total(**changes: Any) -> BillingTotal:
    values = BillingTotal(TotalBy.MODULE, "Datto RMM", "Datto RMM", ItemState.PENDING, "", 1, Decimal(12), LONG, 0)
    return replace(values, **changes)


def test_rows_and_sums_come_back_as_they_were_read(ledger: Ledger) -> None:
    """Every fact of an item is kept exactly, in order, the unknown ones as unknown; two equal items stay two."""
    items = [item(), item(), POSTED]
    totals = [total(), total(state=ItemState.POSTED, amount=Decimal("-0.01"), unpriced=1)]
    ledger.billing_items.replace(read(pending=2), items, totals)

    assert ledger.billing_items.of_run(RUN) == items
    assert ledger.billing_items.totals_of_run(RUN) == totals
    assert ledger.billing_items.read_of_run(RUN) == read(pending=2)


def test_a_run_that_reads_again_replaces_its_own_rows_and_no_others(ledger: Ledger) -> None:
    """A cleared task leaves one dataset, not two; an empty one is a dataset too."""
    other = item(run_key="another")
    ledger.billing_items.replace(read(run_key="another"), [other], [total()])
    ledger.billing_items.replace(read(), [item(), POSTED], [total()])
    later = read(posted=0, pending=0, taken_at=NOON + timedelta(hours=1))

    ledger.billing_items.replace(later, [], [])

    assert ledger.billing_items.of_run(RUN) == []
    assert ledger.billing_items.totals_of_run(RUN) == []
    assert ledger.billing_items.read_of_run(RUN) == later
    assert ledger.billing_items.of_run("another") == [other]
    assert ledger.billing_items.read_of_run("never ran") is None


def test_a_failed_replacement_leaves_what_was_there(ledger: Ledger) -> None:
    """All or nothing: rows that the database refuses do not cost the earlier ones."""
    ledger.billing_items.replace(read(), [item()], [total()])

    with pytest.raises(LedgerError, match="save the billing items"):
        ledger.billing_items.replace(read(pending=2), [item(), item(service_name="\x00\ud800")], [])

    assert ledger.billing_items.of_run(RUN) == [item()]
    assert ledger.billing_items.read_of_run(RUN) == read()


def test_a_period_is_told_by_the_newest_run_that_read_it(ledger: Ledger) -> None:
    """Of several runs of one period the last reading counts; other integrations and periods do not."""
    first, second = item(run_key="first"), item(run_key="second", module="RocketCyber")
    ledger.billing_items.replace(read(run_key="second", taken_at=NOON + timedelta(days=1)), [second], [])
    ledger.billing_items.replace(read(run_key="first"), [first], [])
    ledger.billing_items.replace(read(run_key="theirs", integration="x", taken_at=NOON + timedelta(days=9)), [], [])
    ledger.billing_items.replace(read(run_key="next", period_start=NOVEMBER, taken_at=NOON + timedelta(days=9)), [], [])

    assert ledger.billing_items.of_period(INTEGRATION, OCTOBER) == [second]
    assert [entry.run_key for entry in ledger.billing_items.reads_of_period(INTEGRATION, OCTOBER)] == [
        "second",
        "first",
    ]
    assert ledger.billing_items.of_period(INTEGRATION, date(2026, 9, 1)) == []


def test_the_latest_periods_are_told_once_each_and_in_order(ledger: Ledger) -> None:
    """Pictures over time take one reading per period, of this tenant alone, and none of a period to come."""
    for month, runs in ((7, 1), (8, 2), (9, 1), (10, 1), (11, 1)):
        for run in range(runs):
            start = date(2026, month, 1)
            made = read(run_key=f"{month}/{run}", period_start=start, taken_at=NOON + timedelta(days=run))
            ledger.billing_items.replace(made, [], [])
    ledger.billing_items.replace(read(run_key="9/x", period_start=date(2026, 9, 1), tenant="autotask:other@x"), [], [])

    latest = ledger.billing_items.latest_reads(INTEGRATION, TENANT, OCTOBER, periods=3)

    assert [entry.run_key for entry in latest] == ["8/1", "9/0", "10/0"]
