"""What only some PSAs can do with a line besides its quantity, and what follows where their lists lag behind."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.errors import NotSent
from billing_providers.model.changes import ChangeKind, LineField
from billing_providers.model.psa import Service
from tests.support.psa_cases import needs
from tests.support.psa_tenant import Tenant, fields

LAG_S = 180


@needs("fields")
def test_quantity_and_fields_are_set_by_one_write(tenant: Tenant) -> None:
    """Law 2: the reviewed quantity, cost, price, text and free units arrive together, exactly, and nothing else."""
    wanted = fields(UNIT_COST="0.0375", UNIT_PRICE="0.08", INVOICE_TEXT='5 GB of "cold" storage, Zürich', INCLUDED="2")

    receipt = tenant.hook.write_line(tenant.change("7.25", fields=wanted))

    applied = {entry["field"]: entry["after"] for entry in tenant.audit()}
    assert applied == {
        "units": "7.25",
        "unit_cost": "0.0375",
        "unit_price": "0.08",
        "invoice_text": '5 GB of "cold" storage, Zürich',
        "included": "2",
    }
    assert {entry["request_id"] for entry in tenant.audit()} == {receipt.request_id}
    assert tenant.sent(tenant.case.write) == 1


@needs("fields")
def test_the_answer_to_a_write_is_the_line_as_it_reads_afterwards(tenant: Tenant) -> None:
    """Law 8: where the answer holds the whole line, it is the read-back."""
    receipt = tenant.hook.write_line(tenant.change("7.25", fields=fields(UNIT_PRICE="0.08", INVOICE_TEXT="Oktober")))

    assert receipt.line == tenant.reread()
    assert receipt.line.line_id == receipt.line_id == tenant.line.line_id
    assert (receipt.line.quantity, receipt.observed) == (Decimal("7.25"), Decimal("7.25"))
    assert receipt.line.field(LineField.UNIT_PRICE) == "0.08"
    assert receipt.line.field(LineField.INVOICE_TEXT) == "Oktober"
    assert receipt.line.unit_cost == tenant.line.unit_cost
    assert receipt.line.version != tenant.line.version


@needs("fields")
def test_fields_alone_leave_the_quantity_as_it_is(tenant: Tenant) -> None:
    """A person's quantity is not written back by a change of price."""
    tenant.hook.write_line(
        tenant.change("7", kind=ChangeKind.SET_FIELDS, fields=fields(UNIT_PRICE="0.09", INCLUDED="1"))
    )

    assert {entry["field"]: entry["after"] for entry in tenant.audit()} == {"unit_price": "0.09", "included": "1"}
    assert tenant.reread().quantity == tenant.line.quantity


@needs("fields")
@pytest.mark.parametrize(
    ("name", "value", "logged"),
    [
        ("UNIT_COST", "12.3456", "unit_cost"),
        ("UNIT_PRICE", "0", "unit_price"),
        ("INVOICE_TEXT", "", "invoice_text"),
        ("INVOICE_TEXT", "x" * 6000, "invoice_text"),
        ("INCLUDED", "0.5", "included"),
        ("STARTS_ON", "2026-11-26", "effective_date"),
    ],
    ids=lambda value: value[:12],
)
def test_every_field_that_is_offered_can_be_set(name: str, value: str, logged: str, tenant: Tenant) -> None:
    """What the capabilities name is taken by the PSA as it was reviewed, and read back the same."""
    assert LineField[name] in tenant.hook.capabilities().sets
    if name == "INVOICE_TEXT":
        tenant.box.control.edit_line(tenant.line.line_id, system=tenant.case.key, invoice_text="by hand")

    tenant.hook.write_line(tenant.change("7", kind=ChangeKind.SET_FIELDS, fields=fields(**{name: value})))

    assert [(entry["field"], entry["after"] or "") for entry in tenant.audit()] == [(logged, value)]
    assert (tenant.reread().field(LineField[name]) or "") == value


@needs("fields")
def test_a_field_that_cannot_be_held_is_not_sent(tenant: Tenant) -> None:
    """Nothing is cut or rounded on the way out, and the quantity beside it does not go alone."""
    for wrong in (fields(INVOICE_TEXT="x" * 6001), fields(UNIT_COST="-1"), fields(STARTS_ON="soon")):
        with pytest.raises(NotSent):
            tenant.hook.write_line(tenant.change("7", fields=wrong))

    assert tenant.sent(tenant.case.write) == 0


@needs("fields")
def test_a_line_is_ended_with_its_last_day(tenant: Tenant) -> None:
    """Ending a line leaves its quantity for the days before; it is billed on its last day and not on the next."""
    ending = tenant.change("0", kind=ChangeKind.END_LINE, fields=fields(LAST_DAY="2026-11-25"))

    receipt = tenant.hook.write_line(ending)

    assert [(entry["field"], entry["before"], entry["after"]) for entry in tenant.audit()] == [
        ("last_day", None, "2026-11-25")
    ]
    seen = tenant.reread()
    assert receipt.line == seen
    assert (seen.quantity, seen.last_day) == (tenant.line.quantity, date(2026, 11, 25))
    assert (seen.open_on(date(2026, 11, 25)), seen.open_on(date(2026, 11, 26))) == (True, False)


@needs("fields")
def test_a_new_line_takes_its_fields_along(tenant: Tenant) -> None:
    """Text, free units and days of the review, in the one request that adds the line."""
    wanted = fields(INVOICE_TEXT="New", INCLUDED="3", UNIT_PRICE="0.5")

    receipt = tenant.hook.write_line(tenant.addition("4", fields=wanted))

    added = tenant.live(receipt.line_id)
    assert (added["invoice_text"], Decimal(added["included"]), Decimal(added["unit_price"])) == (
        "New",
        Decimal(3),
        Decimal("0.5"),
    )
    assert (Decimal(added["unit_cost"]), receipt.line.effective_date) == (Decimal("1.25"), date(2026, 11, 26))
    assert len({entry["request_id"] for entry in tenant.audit()}) == 1


def lagging(tenant: Tenant) -> Tenant:
    tenant.box.control.change_settings(**{tenant.case.lag_setting: LAG_S})
    return tenant


def listed(tenant: Tenant) -> dict[str, Any]:
    found = tenant.hook.read_lines([tenant.contract], [tenant.service])
    return {line.line_id: line.quantity for line in found}


@needs("lagging lists")
def test_a_line_is_read_again_past_the_lag_of_lists(tenant: Tenant) -> None:
    """Law 8: what was just written is read back from the line itself, while lists still show the old number."""
    lagging(tenant).hook.write_line(tenant.change("7"))

    assert listed(tenant)[tenant.line.line_id] == tenant.line.quantity
    assert tenant.reread().quantity == Decimal(7)
    look_up = tenant.hook.reread_lines([tenant.again(tenant.line.line_id, look_up=True)])
    assert {line.line_id: line.quantity for line in look_up}[tenant.line.line_id] == Decimal(7)

    tenant.box.control.move_clock(advance_s=LAG_S + 1)
    assert listed(tenant)[tenant.line.line_id] == Decimal(7)


@needs("lagging lists")
def test_a_new_line_is_read_by_its_id_before_lists_show_it(tenant: Tenant) -> None:
    """Law 7: the id of the answer finds it at once; a look-up finds it only after the lag that is told."""
    addition = tenant.addition("4")
    wanted = (Service(addition.service_id, addition.service_name, "", active=True),)

    receipt = lagging(tenant).hook.write_line(addition)

    def found_by_look_up() -> list[str]:
        lines = tenant.hook.reread_lines([tenant.again(look_up=True, services=wanted)])
        return [line.line_id for line in lines if line.service_id == addition.service_id]

    by_id = tenant.hook.reread_lines([tenant.again(receipt.line_id)])
    assert [(line.line_id, line.quantity) for line in by_id] == [(receipt.line_id, Decimal(4))]
    assert found_by_look_up() == []

    tenant.box.control.move_clock(advance_s=LAG_S + 1)
    assert found_by_look_up() == [receipt.line_id]
    assert tenant.hook.capabilities().lists_lag_s >= LAG_S
