"""Writing additions of ConnectWise: one patch per change, one POST per new line, and what is never sent."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.errors import BadRequest, NoAnswer, NotSent, UnreadableAnswer
from billing_providers.model.changes import ChangeKind, FieldChange, LineChange, LineField
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.psa import InvoicedLine
from tests.support.connectwise_tenant import CwTenant, forbidden, hook_of
from tests.support.scripted_http import reply

PATCH = "PATCH /finance/agreements/11/additions/111"
POST = "POST /finance/agreements/11/additions"
TRAIL = "GET /system/audittrail"
INVOICES = "GET /finance/invoices"
CHANGE = LineChange(
    change_id="c1",
    kind=ChangeKind.SET_QUANTITY,
    customer_codes=("ASP",),
    customer_names=("Aspen",),
    account_id="1",
    account_name="Aspen",
    contract_id="11",
    contract_name="Managed",
    service_id="5",
    service_name="OnlineBackup",
    line_id="111",
    skus=("used_space",),
    quantity_before=Decimal(3),
    quantity_after=Decimal("4.50"),
    unit_cost=Decimal("1.10"),
    unit_price=Decimal("2.20"),
    effective_date=date(2026, 11, 1),
    line_version="",
    reason="",
    charge_nos=(),
)
ANSWER = {
    "id": 111,
    "agreementId": 11,
    "product": {"id": 5, "identifier": "OnlineBackup"},
    "quantity": 4.5,
    "billCustomer": "Billable",
    "effectiveDate": "2026-08-01T00:00:00Z",
    "_info": {"lastUpdated": "2026-11-02T08:00:00Z"},
}


def fields(**values: str) -> tuple[FieldChange, ...]:
    return tuple(FieldChange(LineField[name], None, value) for name, value in values.items())


@pytest.mark.parametrize(
    ("change", "body"),
    [
        ({}, '[{"op":"replace","path":"quantity","value":4.5}]'),
        (
            {"kind": ChangeKind.ZERO, "quantity_after": Decimal(0)},
            '[{"op":"replace","path":"quantity","value":0}]',
        ),
        (
            {"fields": fields(UNIT_COST="0.1", INVOICE_TEXT='5 GB "cold"\nstorage')},
            '[{"op":"replace","path":"quantity","value":4.5},{"op":"replace","path":"unitCost","value":0.1},'
            '{"op":"replace","path":"invoiceDescription","value":"5 GB \\"cold\\"\\nstorage"}]',
        ),
        (
            {
                "kind": ChangeKind.SET_FIELDS,
                "fields": fields(UNIT_PRICE="1234567.123456", INCLUDED="10", STARTS_ON="2026-11-01"),
            },
            '[{"op":"replace","path":"unitPrice","value":1234567.123456},'
            '{"op":"replace","path":"lessIncluded","value":10},'
            '{"op":"replace","path":"effectiveDate","value":"2026-11-01T00:00:00Z"}]',
        ),
        (
            {"kind": ChangeKind.SET_FIELDS, "fields": fields(INVOICE_TEXT="")},
            '[{"op":"replace","path":"invoiceDescription","value":""}]',
        ),
        (
            {"kind": ChangeKind.END_LINE, "quantity_after": Decimal(0), "fields": fields(LAST_DAY="2026-10-31")},
            '[{"op":"replace","path":"cancelledDate","value":"2026-10-31T00:00:00Z"}]',
        ),
    ],
    ids=["quantity", "zero", "quantity and fields", "fields alone", "an empty text", "ending"],
)
def test_a_change_is_one_patch_of_exactly_what_changes(
    change: dict[str, Any], body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 2: exact numbers, bare paths, whole days as midnight UTC, and no quantity that does not change."""
    tenant = CwTenant({PATCH: reply(ANSWER)})

    hook_of(monkeypatch, tenant).write_line(replace(CHANGE, **change))

    (sent,) = tenant.sent(PATCH)
    assert sent.body == body.encode()
    assert sent.headers["Content-Type"] == "application/json"


def test_the_answer_to_a_write_is_the_whole_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 8: quantity, stamp and request id of the answer are handed on."""
    tenant = CwTenant({PATCH: reply(ANSWER, x_request_id="cw-77")})

    receipt = hook_of(monkeypatch, tenant).write_line(CHANGE)

    assert (receipt.observed, receipt.line_id, receipt.request_id) == (Decimal("4.5"), "111", "cw-77")
    assert receipt.line is not None
    assert (receipt.line.account_id, receipt.line.contract_id, receipt.line.version) == (
        "1",
        "11",
        "2026-11-02T08:00:00Z",
    )


def test_an_answer_about_another_line_leaves_the_outcome_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 7: only reading back tells which line was written."""
    tenant = CwTenant({PATCH: reply({**ANSWER, "id": 112})})

    with pytest.raises(UnreadableAnswer, match="addition 111 was written, addition 112 answered"):
        hook_of(monkeypatch, tenant).write_line(CHANGE)


def test_a_new_line_has_the_reviewed_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cost and price of the review, not those of the catalogue at the moment of the write; fields go before them."""
    tenant = CwTenant({POST: reply({**ANSWER, "id": 777}, 201)})
    addition = replace(CHANGE, kind=ChangeKind.ADD_LINE, line_id="", quantity_before=None)
    hook = hook_of(monkeypatch, tenant)

    receipt = hook.write_line(addition)
    hook.write_line(
        replace(addition, unit_cost=None, fields=fields(UNIT_PRICE="0", INVOICE_TEXT="x", STARTS_ON="2026-11-15"))
    )

    assert (receipt.line_id, receipt.observed) == ("777", Decimal("4.5"))
    assert [request.body for request in tenant.sent(POST)] == [
        b'{"product":{"id":5},"quantity":4.5,"billCustomer":"Billable","effectiveDate":"2026-11-01T00:00:00Z",'
        b'"unitCost":1.1,"unitPrice":2.2}',
        b'{"product":{"id":5},"quantity":4.5,"billCustomer":"Billable","effectiveDate":"2026-11-15T00:00:00Z",'
        b'"unitPrice":0,"invoiceDescription":"x"}',
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"quantity_after": Decimal(-1)}, "quantity is -1, ConnectWise takes numbers from 0 on"),
        ({"quantity_after": Decimal("0.1234567890123456")}, "with at most 15 digits"),
        ({"fields": fields(UNIT_COST="-0.01")}, "unitCost is -0.01"),
        ({"fields": fields(UNIT_COST="many")}, "unitCost is 'many'"),
        ({"fields": fields(INCLUDED="-2")}, "lessIncluded is -2"),
        ({"fields": fields(STARTS_ON="01.11.2026")}, "effectiveDate is '01.11.2026'"),
        ({"fields": fields(INVOICE_TEXT="x" * 6001)}, "invoiceDescription holds 6001 characters"),
        ({"kind": ChangeKind.SET_FIELDS}, "the change sets nothing"),
        ({"kind": ChangeKind.END_LINE}, "names no last day"),
        ({"kind": ChangeKind.ADD_LINE, "service_id": ""}, "the product has no id of ConnectWise: ''"),
        ({"kind": ChangeKind.ADD_LINE, "unit_price": Decimal(-1)}, "unitPrice is -1"),
        ({"line_id": "x/../y"}, "the addition has no id of ConnectWise: 'x/../y'"),
        ({"contract_id": ""}, "the agreement has no id of ConnectWise: ''"),
    ],
)
def test_what_cannot_be_held_is_not_sent(change: dict[str, Any], problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is rounded, cut or guessed on the way out."""
    tenant = CwTenant({})

    with pytest.raises(NotSent, match="OnlineBackup: nothing was sent") as caught:
        hook_of(monkeypatch, tenant).write_line(replace(CHANGE, **change))

    assert problem in str(caught.value)
    assert tenant.server.requests == []


def test_a_refusal_keeps_the_servers_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day before the agreement's billing start is refused by the server, and a person reads why."""
    words = "effectiveDate cannot be less than the agreement billing start date"
    body = {"code": "InvalidObject", "message": "Addition object is invalid", "errors": [{"message": words}]}
    tenant = CwTenant({PATCH: reply(body, 400)})

    with pytest.raises(BadRequest, match=f"Addition object is invalid; {words}"):
        hook_of(monkeypatch, tenant).write_line(CHANGE)

    assert len(tenant.sent(PATCH)) == 1


def test_a_write_on_the_path_of_the_old_release_follows_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 404 was not applied, so after an upgrade the same write goes to the new path."""
    tenant = CwTenant({PATCH: reply(ANSWER)}, codebase="v2026_5")

    receipt = hook_of(monkeypatch, tenant, codebase="v2026_4").write_line(CHANGE)

    assert receipt.observed == Decimal("4.5")
    assert [request.method for request in tenant.server.requests] == ["PATCH", "GET", "PATCH"]


def test_a_lost_answer_is_never_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 7: whether it was applied must be read back."""
    from requests.exceptions import ReadTimeout

    def lost(sent: Any) -> Any:
        return ReadTimeout("slow")

    tenant = CwTenant({PATCH: lost, POST: lost})
    hook = hook_of(monkeypatch, tenant)

    for change in (CHANGE, replace(CHANGE, kind=ChangeKind.ADD_LINE, line_id="")):
        with pytest.raises(NoAnswer):
            hook.write_line(change)

    assert (len(tenant.sent(PATCH)), len(tenant.sent(POST))) == (1, 1)


def test_the_last_edit_is_the_newest_entry_of_the_audit_trail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stale line says who changed it and when, in few words."""
    entries = [
        {"enteredDate": "2026-10-30T07:00:00Z", "enteredBy": "bob", "text": "created"},
        {"enteredDate": "2026-11-02T09:30:00Z", "enteredBy": "ann", "text": 'Quantity changed\n from "3" to "5"'},
        {"enteredDate": "2026-11-01T00:00:00Z", "enteredBy": "eve", "text": "x" * 400},
    ]
    tenant = CwTenant({TRAIL: reply(entries)})
    hook = hook_of(monkeypatch, tenant)

    assert hook.last_edit(CHANGE) == 'by ann at 2026-11-02T09:30:00Z: Quantity changed from "3" to "5"'

    assert tenant.queries(TRAIL) == [{"type": "AgreementAddition", "id": "111", "pageSize": "1000"}]
    tenant.answers[TRAIL] = reply(entries[2:])
    assert hook.last_edit(CHANGE) == f"by eve at 2026-11-01T00:00:00Z: {'x' * 200}…"


@pytest.mark.parametrize("answer", [forbidden(), reply([]), reply({"x": 1}), reply([{"text": 7}]), reply(b"<", 400)])
def test_the_last_edit_never_stands_in_the_way(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be told is empty; a push does not fail over it."""
    hook = hook_of(monkeypatch, CwTenant({TRAIL: answer}))

    assert hook.last_edit(CHANGE) == ""
    assert hook.last_edit(replace(CHANGE, line_id="")) == ""


def test_agreement_invoices_are_told_without_quantities(monkeypatch: pytest.MonkeyPatch) -> None:
    """ConnectWise shows no lines on them; days before the period are left out here, whatever the server's bound."""

    def invoice(number: int, day: str | None, **changes: Any) -> dict[str, Any]:
        return {
            "id": number,
            "invoiceNumber": f"INV{number}",
            "type": "Agreement",
            "date": day,
            "company": {"id": 1},
            "agreement": {"id": 11, "name": "Managed"},
            "applyToType": "Agreement",
            "applyToId": 11,
            **changes,
        }

    rows = [
        invoice(1, "2026-09-30T00:00:00Z"),
        invoice(2, "2026-10-01T00:00:00Z"),
        invoice(3, "2026-10-02T00:00:00Z", agreement=None, applyToId=12),
        invoice(4, None, agreement=None, applyToType="Ticket", applyToId=99, company=None),
    ]
    tenant = CwTenant({INVOICES: reply(rows)})

    found = hook_of(monkeypatch, tenant).invoiced_lines(BillingPeriod(date(2026, 10, 1), date(2026, 11, 1)))

    assert found == [
        InvoicedLine("INV2", date(2026, 10, 1), "1", "11", "Managed", None),
        InvoicedLine("INV3", date(2026, 10, 2), "1", "12", "", None),
        InvoicedLine("INV4", None, "", "", "", None),
    ]
    (query,) = tenant.queries(INVOICES)
    assert query["conditions"] == 'type = "Agreement" and date >= [2026-09-29T00:00:00Z]'
    assert json.dumps(query["fields"]) == '"id,invoiceNumber,type,date,company,agreement,applyToType,applyToId"'
