"""Writing one line, as every PSA of the registry keeps it: applied once, or not at all, or said to be unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.errors import (
    BadRequest,
    Forbidden,
    NoAnswer,
    NotSent,
    OutcomeUnknown,
    RequestError,
    ServerFault,
    Unreachable,
    UnreadableAnswer,
)
from billing_providers.hooks.http.repeats import Limits
from billing_providers.model.changes import ChangeKind
from billing_providers.sandbox.server import SandboxServer
from tests.support.psa_cases import PsaCase, needs
from tests.support.psa_tenant import PERIOD, Tenant, change_of, usable
from tests.support.scripted_http import FrozenTime


def told(tenant: Tenant, quantity: int) -> Decimal | None:
    """What the answer to a write tells: the quantity, or nothing where the PSA answers none."""
    return None if "answered values" in tenant.case.lacks else Decimal(quantity)


def test_a_write_is_applied_once_as_reviewed_and_read_back(tenant: Tenant) -> None:
    """Law 2: what is written is exactly the reviewed number and nothing else, by one request."""
    receipt = tenant.hook.write_line(tenant.change("7"))

    (entry,) = tenant.audit()
    assert entry["field"] == "units"
    assert (entry["line_id"], entry["contract_id"]) == (tenant.line.line_id, tenant.line.contract_id)
    assert (Decimal(entry["before"]), Decimal(entry["after"])) == (tenant.line.quantity, Decimal(7))
    assert receipt.line_id == tenant.line.line_id
    assert receipt.observed == told(tenant, 7)
    assert receipt.request_id == entry["request_id"]
    assert [line.quantity for line in tenant.read() if line.line_id == tenant.line.line_id] == [Decimal(7)]
    assert tenant.sent(tenant.case.write) == 1


@needs("dated quantities")
def test_a_quantity_is_written_with_its_day(tenant: Tenant) -> None:
    """The PSA is told from which day the quantity holds, as it was reviewed."""
    tenant.hook.write_line(tenant.change("7"))

    assert [entry["effective_date"] for entry in tenant.audit()] == ["2026-11-26"]


def test_writing_zero_is_an_ordinary_write(tenant: Tenant) -> None:
    """Zeroing is decided elsewhere; here 0 is a number like any other."""
    receipt = tenant.hook.write_line(tenant.change("0", kind=ChangeKind.ZERO))

    assert (receipt.observed, tenant.units_now()) == (told(tenant, 0), "0")


@needs("whole units")
def test_a_fraction_is_not_sent_where_units_are_whole(tenant: Tenant) -> None:
    """Nothing is rounded on the way out."""
    with pytest.raises(NotSent):
        tenant.hook.write_line(tenant.change("1.5"))

    assert tenant.sent(tenant.case.write) == 0


def test_a_quantity_below_zero_is_never_sent(tenant: Tenant) -> None:
    """No PSA bills less than nothing by a line."""
    with pytest.raises(NotSent):
        tenant.hook.write_line(tenant.change("-1"))

    assert tenant.sent(tenant.case.write) == 0


def test_a_refused_write_says_why_and_changes_nothing(tenant: Tenant) -> None:
    """A line that does not exist: the server's words and status reach the journal."""
    with pytest.raises(BadRequest) as caught:
        tenant.hook.write_line(tenant.change("7", line_id="999999999"))

    assert caught.value.status == tenant.case.refused_status
    assert caught.value.request_id
    assert tenant.audit() == []
    assert tenant.sent(tenant.case.write) == 1


@needs("faults in a success")
def test_success_false_in_a_200_is_a_refusal(tenant: Tenant) -> None:
    """A fault inside a success is a fault."""
    tenant.fault("success_false", tenant.case.write, message="Units are locked by billing")

    with pytest.raises(BadRequest, match="Units are locked by billing"):
        tenant.hook.write_line(tenant.change())

    assert tenant.audit() == []


@needs("answered values")
def test_an_answer_that_shows_another_number_is_handed_on(tenant: Tenant) -> None:
    """Law 8: the hook tells what it saw; it never confirms by itself."""
    tenant.fault("readback_lie", tenant.case.write, delta=2)

    assert tenant.hook.write_line(tenant.change("7")).observed == Decimal(9)


@pytest.mark.parametrize(
    ("kind", "settings", "error", "applied"),
    [
        ("drop_before", {}, NoAnswer, 0),
        ("drop_after", {}, NoAnswer, 1),
        ("slow", {"seconds": 0.4}, NoAnswer, 1),
        ("truncate", {"how": "length"}, UnreadableAnswer, 1),
        ("truncate", {"how": "json"}, UnreadableAnswer, 1),
        ("html", {"applied": True}, UnreadableAnswer, 1),
        ("status", {"status": 500, "applied": True}, ServerFault, 1),
        ("status", {"status": 502}, ServerFault, 0),
    ],
    ids=lambda value: str(value) if isinstance(value, str | dict) else "",
)
def test_a_write_with_an_unknown_outcome_leaves_once(
    kind: str, settings: dict[str, Any], error: type[OutcomeUnknown], applied: int, tenant: Tenant
) -> None:
    """Law 7: applied or not, the hook says that it does not know, and never sends it again."""
    impatient = replace(tenant.hook.client.limits, read_timeout_s=0.15)
    tenant.hook.client.limits = impatient
    tenant.fault(kind, tenant.case.write, **settings)

    with pytest.raises(error):
        tenant.hook.write_line(tenant.change())

    tenant.box.control.clear_faults()
    assert tenant.sent(tenant.case.write) == 1
    assert _applied_in_the_end(tenant, applied)


def _applied_in_the_end(tenant: Tenant, applied: int) -> bool:
    """A later read of the same line waits its turn behind a slow write."""
    tenant.hook.client.limits = Limits()
    tenant.hook.read_lines([tenant.contract], [tenant.service])
    return len(tenant.audit()) == applied


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_write_that_came_too_often_waits_as_asked_and_is_applied_once(
    form: str, tenant: Tenant, time: FrozenTime
) -> None:
    """429 means that it was not applied, so it follows after the wait that the server asked for."""
    tenant.fault("status", tenant.case.write, status=429, retry_after_s=17, retry_after_as=form)

    tenant.hook.write_line(tenant.change())

    assert len(tenant.audit()) == 1
    assert sum(time.slept) == pytest.approx(17, abs=1.5)


def test_a_user_who_may_only_read_is_refused_at_the_write(tenant: Tenant, hook_of: Callable[..., Any]) -> None:
    """403 is an answer: nothing was applied, and it is not tried again."""
    hook = hook_of(tenant.case.key, login=tenant.case.reader_without_write, extra=tenant.case.extra)

    with pytest.raises(Forbidden):
        hook.write_line(tenant.change())

    assert tenant.sent(tenant.case.write) == 1
    assert tenant.audit() == []


def test_a_psa_that_is_down_was_never_sent_anything(tenant: Tenant) -> None:
    """A write to a server that does not listen cannot have been applied."""
    tenant.hook.client.close()
    tenant.fault("refuse_connection", tenant.case.accounts, seconds=60.0)
    tenant.hook.client.limits = replace(tenant.hook.client.limits, attempts_max=2)
    with pytest.raises(RequestError):
        tenant.hook.read_directory(contract_type="")

    with pytest.raises(Unreachable) as caught:
        tenant.hook.write_line(tenant.change())

    tenant.box.control.clear_faults()
    assert caught.value.finding_number == 2
    assert tenant.audit() == []


@needs("switch for adding")
def test_lines_are_added_only_where_the_tenant_says_so(tenant: Tenant) -> None:
    """Adding is its own switch."""
    with pytest.raises(NotSent):
        tenant.hook.write_line(tenant.addition("4"))

    assert tenant.audit() == []


def test_a_line_is_added_as_reviewed(case: PsaCase, tenant: Tenant, hook_of: Callable[..., Any]) -> None:
    """The new line has the reviewed quantity, cost and price, is answered with its id, and is looked up at once."""
    addition = tenant.addition("4")
    hook = hook_of(case.key, extra={**case.extra, **case.adds})
    assert hook.capabilities().adds_lines
    assert tenant.looked_up(addition.service_id) == []

    receipt = hook.write_line(addition)

    assert receipt.observed == told(tenant, 4)
    (found,) = tenant.looked_up(addition.service_id)
    assert (found.quantity, found.line_id) == (Decimal(4), receipt.line_id or found.line_id)
    assert bool(receipt.line_id) is ("answered values" not in case.lacks)
    added = tenant.live(found.line_id)
    assert str(added["service_id"]) == addition.service_id
    assert (Decimal(added["unit_cost"]), Decimal(added["unit_price"])) == (Decimal("1.25"), Decimal("2.50"))
    assert added["effective_date"] == "2026-11-26"
    assert [Decimal(entry["after"]) for entry in tenant.audit() if entry["field"] == "units"] == [Decimal(4)]
    assert [entry["before"] for entry in tenant.audit() if entry["field"] == "units"] == [None]
    assert {entry["request_id"] for entry in tenant.audit()} == {receipt.request_id}


@needs("quantities on invoices")
def test_invoiced_quantities_are_those_of_the_lines(tenant: Tenant) -> None:
    """What was pushed can be compared with what was invoiced, per contract."""
    tenant.hook.write_line(tenant.change("7"))
    made = tenant.invoice()

    lines = tenant.hook.invoiced_lines(PERIOD)

    shown = sorted((invoice["invoiceNumber"], line["qty"]) for invoice in made for line in invoice["lineItems"])
    assert sorted((line.invoice_number, line.quantity) for line in lines) == [
        (number, Decimal(str(quantity))) for number, quantity in shown
    ]
    assert {line.account_id for line in lines} <= {account.account_id for account in tenant.directory.accounts}
    assert Decimal(7) in {line.quantity for line in lines if line.contract_id == tenant.line.contract_id}


def test_invoices_are_told_with_their_contracts(tenant: Tenant) -> None:
    """Every invoice since the period's start is seen, each with a contract and an account that exist."""
    made = tenant.invoice()

    lines = tenant.hook.invoiced_lines(PERIOD)

    assert {line.invoice_number for line in lines} == {invoice["invoiceNumber"] for invoice in made}
    assert tenant.line.contract_id in {line.contract_id for line in lines}
    assert {line.contract_id for line in lines} <= {contract.contract_id for contract in tenant.directory.contracts}
    assert {line.account_id for line in lines} <= {account.account_id for account in tenant.directory.accounts}
    assert len(made) > 50


@needs("tenants without a write call")
def test_a_tenant_without_a_write_call_is_never_written_to(
    case: PsaCase, box: SandboxServer, hook_of: Callable[..., Any]
) -> None:
    """Lines are inventoried without quantities, and a write is refused before anything leaves."""
    box.control.reset(**case.shapes["reads_only"])
    hook = hook_of(case.key, extra=case.extra)
    directory = hook.read_directory(contract_type=case.contract_type)
    contracts, services = usable(directory, case), directory.services[:4]

    lines = hook.read_lines(contracts, services)

    wanted = {contract.contract_id for contract in contracts}, {service.service_id for service in services}
    live = {
        str(line["line_id"])
        for line in box.control.lines()
        if str(line["contract_id"]) in wanted[0] and str(line["service_id"]) in wanted[1]
    }
    assert {line.line_id for line in lines} == live
    assert live
    assert {line.quantity for line in lines} == {None}
    sent = box.control.requests()["total"]
    with pytest.raises(NotSent):
        hook.write_line(change_of(lines[0], "7"))
    assert box.control.requests()["total"] == sent
    assert box.control.audit() == []
