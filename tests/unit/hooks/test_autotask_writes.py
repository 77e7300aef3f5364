"""What leaves for Autotask when a line changes: a difference from a day on, once, and nothing that it cannot hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.errors import BadRequest, NotSent, OutcomeUnknown, ServerFault, UnreadableAnswer
from billing_providers.model.changes import ChangeKind, FieldChange, LineChange, LineField
from tests.support.autotask_tenant import ADJUST, AtServer, contract, hook_of, line, refused, units, units_change
from tests.support.scripted_http import FrozenTime, reply

WROTE = reply({"itemId": None})
BUNDLES = "POST /Contracts/{id}/ServiceBundleAdjustments"
DESCRIBE = "PATCH /Contracts/{id}/Services"


def tenant_of(**answers: Any) -> AtServer:
    rows = {"Contracts": [contract()], "ContractServices": [line(1)]}
    rows["ContractServiceUnits"] = [units(1, 1, "2026-11-01", "2026-11-30", 5)]
    return AtServer(rows, {ADJUST: WROTE, BUNDLES: WROTE, DESCRIBE: reply({"itemId": 1}), **answers})


def text(after: str) -> tuple[FieldChange, ...]:
    return (FieldChange(LineField.INVOICE_TEXT, "Seats", after),)


def addition(**fields: Any) -> LineChange:
    known = {"kind": ChangeKind.ADD_LINE, "line_id": "", "unit_cost": Decimal("2.5"), "unit_price": Decimal("4.75")}
    return units_change(None, 3, **{**known, **fields})


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (units_change(5, 7), 2),
        (units_change(5, 2), -3),
        (units_change(5, 0, kind=ChangeKind.ZERO), -5),
        (units_change(0, 2147483647), 2147483647),
    ],
    ids=["more", "less", "none", "the most"],
)
def test_units_change_by_a_difference_from_a_day_on(
    change: LineChange, difference: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 2: one request that names the line, the difference and the bare day; the answer tells nothing."""
    tenant = tenant_of()

    receipt = hook_of(monkeypatch, tenant).write_line(change)

    assert tenant.bodies(ADJUST) == [{"contractServiceID": 1, "unitChange": difference, "effectiveDate": "2026-12-01"}]
    assert (tenant.sent(ADJUST)[0].url or "").endswith("/V1.0/Contracts/7001/ServiceAdjustments")
    assert (receipt.observed, receipt.line_id, receipt.line) == (None, "1", None)
    assert [request.method for request in tenant.requests].count("POST") == 1


def test_units_of_a_bundle_go_by_its_own_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under its own id, which is counted apart from those of services."""
    tenant = tenant_of()

    hook_of(monkeypatch, tenant).write_line(units_change(5, 7, line_id="b1", service_id="b31"))

    assert tenant.bodies(BUNDLES) == [{"contractServiceBundleID": 1, "unitChange": 2, "effectiveDate": "2026-12-01"}]
    assert tenant.sent(ADJUST) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (units_change(5, 5), "an adjustment of 0 would change nothing"),
        (units_change(None, 5), "only a difference can be sent"),
        (units_change(5, "1.5"), "units are whole numbers"),
        (replace(units_change(5, 7), quantity_before=Decimal("4.5")), "units are whole numbers"),
        (units_change(5, -1), "units are whole numbers from 0"),
        (units_change(5, 2147483648), "units are whole numbers"),
        (units_change(line_id="x1"), "the line has no id of Autotask: 'x1'"),
        (units_change(line_id=""), "the line has no id of Autotask: ''"),
        (units_change(contract_id="../7001"), "the contract has no id of Autotask"),
        (units_change(kind=ChangeKind.SET_FIELDS), "sets neither units nor the invoice text"),
        (units_change(kind=ChangeKind.END_LINE), "sets neither units nor the invoice text"),
        (units_change(fields=(FieldChange(LineField.LAST_DAY, None, "2026-12-31"),)), "last_day of a line cannot"),
        (units_change(fields=(FieldChange(LineField.UNIT_PRICE, "4", "5"),)), "unit_price of a line cannot be set"),
        (units_change(fields=text("x" * 1001)), "1001 characters, Autotask takes 1000 at most"),
        (addition(service_id="x"), "the service has no id of Autotask"),
        (replace(addition(), quantity_after=Decimal(0)), "a line without units cannot be added"),
        (addition(unit_price=Decimal("1.2345678901234567")), "more than 15 digits"),
        (addition(fields=(FieldChange(LineField.UNIT_PRICE, None, "9"),)), "unit_price of a line cannot be set"),
        (addition(fields=(FieldChange(LineField.UNIT_PRICE, None, "much"),)), "unit_price of a line cannot be set"),
        (addition(fields=(FieldChange(LineField.INCLUDED, None, "1"),)), "included of a line cannot be set"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_autotask_cannot_hold_is_not_sent(change: LineChange, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is rounded, cut or half done: neither the units nor the text beside them leave."""
    tenant = tenant_of()

    with pytest.raises(NotSent, match="nothing was sent") as caught:
        hook_of(monkeypatch, tenant).write_line(change)

    assert why in str(caught.value)
    assert tenant.requests == []


def test_a_text_alone_leaves_the_units_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """One PATCH with exactly the text, the longest one included."""
    tenant = tenant_of()

    hook_of(monkeypatch, tenant).write_line(units_change(kind=ChangeKind.SET_FIELDS, fields=text("Ü" * 1000)))

    assert tenant.bodies(DESCRIBE) == [{"id": 1, "invoiceDescription": "Ü" * 1000}]
    assert tenant.sent(ADJUST) == []


def test_a_text_goes_before_the_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the text may be sent twice, so it is first; the units are last and leave once."""
    tenant = tenant_of(**{DESCRIBE: [reply(b"<html>", 503), reply({"itemId": 1})]})

    receipt = hook_of(monkeypatch, tenant).write_line(units_change(fields=text("October")))

    writes = [request for request in tenant.requests if request.method in {"POST", "PATCH"}]
    assert [request.method for request in writes] == ["PATCH", "PATCH", "POST"]
    assert receipt.line_id == "1"


def test_units_that_are_refused_after_their_text_say_that_it_stayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person reads what is half done; a text that is refused keeps the units from leaving."""
    half = tenant_of(**{ADJUST: refused("posted period")})
    nothing = tenant_of(**{DESCRIBE: refused("too long")})

    with pytest.raises(BadRequest, match=r"posted period.*\(the invoice text of the line was set before\)"):
        hook_of(monkeypatch, half).write_line(units_change(fields=text("October")))
    with pytest.raises(BadRequest, match="too long"):
        hook_of(monkeypatch, nothing).write_line(units_change(fields=text("October")))
    assert nothing.sent(ADJUST) == []


def test_a_line_is_added_with_the_reviewed_price_and_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue of the moment does not decide, and a second line for the service is never allowed."""
    tenant = tenant_of()
    priced = (FieldChange(LineField.UNIT_PRICE, None, "4.75"), FieldChange(LineField.UNIT_COST, None, "2.50"))

    receipt = hook_of(monkeypatch, tenant).write_line(addition())
    hook_of(monkeypatch, tenant).write_line(addition(fields=priced, effective_date=date(2026, 11, 26)))

    body = {
        "contractID": 7001, "serviceID": 31, "unitChange": 3, "effectiveDate": "2026-12-01",
        "allowRepeatService": False, "adjustedUnitPrice": 4.75, "adjustedUnitCost": 2.5,
    }  # fmt: skip
    assert tenant.bodies(ADJUST) == [body, {**body, "effectiveDate": "2026-11-26"}]
    assert b'"adjustedUnitPrice":4.75' in tenant.sent(ADJUST)[0].body
    assert (receipt.observed, receipt.line_id) == (None, "")
    assert tenant.sent("POST /ContractServices/query") == []


def test_a_bundle_is_added_without_a_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its adjustment takes none; one that was wanted by itself is refused."""
    tenant = tenant_of()

    hook_of(monkeypatch, tenant).write_line(addition(service_id="b31"))

    assert tenant.bodies(BUNDLES) == [
        {
            "contractID": 7001, "serviceBundleID": 31, "unitChange": 3, "effectiveDate": "2026-12-01",
            "allowRepeatServiceBundle": False, "adjustedUnitPrice": 4.75,
        }
    ]  # fmt: skip
    with pytest.raises(NotSent, match="unit_cost of a line cannot be set"):
        priced = (FieldChange(LineField.UNIT_COST, None, "2.5"),)
        hook_of(monkeypatch, tenant).write_line(addition(service_id="b31", fields=priced))


def test_a_new_line_gets_its_text_once_its_id_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer tells no id, so the list is asked; the receipt then names the line."""
    tenant = tenant_of()

    receipt = hook_of(monkeypatch, tenant).write_line(addition(fields=text("New")))

    assert tenant.bodies("POST /ContractServices/query")[0]["filter"] == [
        {"op": "eq", "field": "contractID", "value": 7001},
        {"op": "eq", "field": "serviceID", "value": 31},
    ]
    assert tenant.bodies(DESCRIBE) == [{"id": 1, "invoiceDescription": "New"}]
    assert receipt.line_id == "1"


@pytest.mark.parametrize("shown", [[], [line(1), line(2)]], ids=["none", "two"])
def test_a_new_line_that_does_not_show_alone_is_left_open(shown: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 4: which one is ours is not guessed; that it was added is said, so that nobody adds it again."""
    tenant = tenant_of()
    tenant.rows["ContractServices"] = shown

    with pytest.raises(UnreadableAnswer, match=f"the line was added, but {len(shown)} lines show"):
        hook_of(monkeypatch, tenant).write_line(addition(fields=text("New")))

    assert tenant.sent(DESCRIBE) == []


@pytest.mark.parametrize(
    "answers",
    [
        {DESCRIBE: refused("too long")},
        {DESCRIBE: refused("The logged in resource lacks the permission")},
        {"POST /ContractServices/query": refused("no right", 403)},
        {"GET /ContractServices/entityInformation/fields": reply({"fields": []})},
    ],
    ids=["text refused", "text forbidden", "list forbidden", "no such fields"],
)
def test_a_text_that_is_refused_says_that_its_line_was_added(
    answers: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 7: the units of a new line are billed by then; a refusal of the write would say that nothing was applied."""
    tenant = tenant_of(**answers)

    with pytest.raises(OutcomeUnknown, match="the line was added; its invoice text is not set"):
        hook_of(monkeypatch, tenant).write_line(addition(fields=text("New")))

    assert len(tenant.sent(ADJUST)) == 1


def test_a_write_without_reasons_for_its_fault_leaves_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 7: a server that broke down may have applied it."""
    time = FrozenTime()
    tenant = tenant_of(**{ADJUST: reply({"Message": "An error has occurred."}, 500)})

    with pytest.raises(ServerFault):
        hook_of(monkeypatch, tenant, time).write_line(units_change())

    assert len(tenant.sent(ADJUST)) == 1
    assert time.slept == []


@pytest.mark.parametrize("told", [{"itemId": None}, {"itemId": 5}, {"ItemId": None}, {"id": 5}], ids=str)
def test_what_counts_as_taken(told: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """``itemId`` is null in a success; the older description has the record itself."""
    tenant = tenant_of(**{ADJUST: reply(told)})

    assert hook_of(monkeypatch, tenant).write_line(units_change()).line_id == "1"
