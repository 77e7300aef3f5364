"""Reading additions of ConnectWise: in bundles, one agreement at a time, and single ones at this moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.errors import BadRequest, UnreadableAnswer
from billing_providers.hooks.connectwise import ConnectWiseHook
from billing_providers.model.psa import Contract, ContractLine, LinesAgain
from tests.support.connectwise_tenant import CwTenant, Query, forbidden, forward_only, hook_of, not_found
from tests.support.scripted_http import FrozenTime, Reply, reply

BUNDLES = "POST /system/bundles"
FIELDS = (
    "id,agreementId,product,description,quantity,lessIncluded,unitCost,unitPrice,billCustomer,effectiveDate,"
    "cancelledDate,invoiceDescription,_info"
)


def addition(number: int, agreement: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "agreementId": agreement,
        "product": {"id": 5, "identifier": "OnlineBackup"},
        "description": "Online backup",
        "quantity": 12.5,
        "lessIncluded": 2.0,
        "unitCost": 0.05,
        "unitPrice": 0.1,
        "billCustomer": "Billable",
        "effectiveDate": "2026-08-01T00:00:00Z",
        "cancelledDate": None,
        "invoiceDescription": "Used storage",
        "_info": {"lastUpdated": "2026-10-01T08:00:00Z", "updatedBy": "ann"},
        **changes,
    }


def contract(number: int) -> Contract:
    return Contract(str(number), f"a{number}", "Aspen", "Managed", "Managed Services", True, "Monthly", None, None)


def additions_of(agreement: int) -> list[dict[str, Any]]:
    return [addition(agreement * 10 + place, agreement) for place in (1, 2)]


def bundle_answer(parts: Callable[[int], dict[str, Any]] | None = None) -> Callable[[Query], Reply]:
    """Answer a bundle as the API description shows it; ``parts`` may change the part of an agreement."""

    def answer(sent: Any) -> Reply:
        results = []
        for request in sent["requests"]:
            agreement = request["apiRequest"]["parentId"]
            rows = additions_of(agreement)
            part = {
                "sequenceNumber": request["sequenceNumber"],
                "resourceType": "addition",
                "entities": rows,
                "count": len(rows),
                "version": request["version"],
                "success": True,
                "statusCode": 200,
            }
            results.append({**part, **(parts(agreement) if parts else {})})
        return reply({"results": results})

    return answer


def tenant_of(agreements: range, bundles: Any = None) -> CwTenant:
    lists: dict[str, Any] = {f"GET {path(number)}": forward_only(additions_of(number)) for number in agreements}
    return CwTenant({**lists, **({BUNDLES: bundles} if bundles else {})})


def path(agreement: int) -> str:
    return f"/finance/agreements/{agreement}/additions"


def calls(tenant: CwTenant) -> tuple[int, int]:
    """Return how many bundles and how many lists were asked for."""
    bundles = len(tenant.sent(BUNDLES))
    return bundles, sum("/additions" in (request.url or "") for request in tenant.server.requests)


def read(hook: ConnectWiseHook, agreements: range) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {str(number): [] for number in agreements}
    for line in hook.read_lines([contract(number) for number in agreements], []):
        found[line.contract_id].append(line.line_id)
    return found


def expected(agreements: range) -> dict[str, list[str]]:
    return {str(number): [f"{number}1", f"{number}2"] for number in agreements}


LINE = ContractLine(
    line_id="111",
    contract_id="11",
    account_id="a11",
    service_id="5",
    service_name="OnlineBackup",
    description="Online backup",
    quantity=Decimal("12.5"),
    unit_cost=Decimal("0.05"),
    unit_price=Decimal("0.1"),
    effective_date=date(2026, 8, 1),
    open=True,
    version="2026-10-01T08:00:00Z",
    last_day=None,
    invoice_text="Used storage",
    included=Decimal(2),
    billable=True,
)


@pytest.mark.parametrize(
    ("changes", "meant"),
    [
        ({}, {}),
        ({"cancelledDate": "2026-10-31T00:00:00Z"}, {"last_day": date(2026, 10, 31)}),
        ({"agreementStatus": "Cancelled"}, {}),
        ({"billCustomer": "DoNotBill"}, {"billable": False}),
        ({"billCustomer": "NoCharge"}, {"billable": False}),
        ({"quantity": 0.30000000000000004}, {"quantity": Decimal("0.3")}),
        ({"quantity": None}, {"quantity": None}),
        ({"lessIncluded": None, "invoiceDescription": None}, {"included": None, "invoice_text": ""}),
        ({"product": {"identifier": "Odd"}}, {"service_id": "", "service_name": "Odd"}),
    ],
)
def test_an_addition_is_read_as_it_is(
    changes: dict[str, Any], meant: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only its cancelled date ends a line; what the PSA puts on no invoice says so."""
    tenant = CwTenant({f"GET {path(11)}": reply([addition(111, 11, **changes)])})

    (line,) = hook_of(monkeypatch, tenant).read_lines([contract(11)], [])

    assert line == replace(LINE, **meant)
    assert tenant.queries(f"GET {path(11)}") == [{"pageSize": "1000", "fields": FIELDS}]


def test_a_line_that_ended_is_billed_on_its_last_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cancelled date is the last day that is billed (assumed)."""
    tenant = CwTenant({f"GET {path(11)}": reply([addition(111, 11, cancelledDate="2026-10-31T00:00:00Z")])})

    (line,) = hook_of(monkeypatch, tenant).read_lines([contract(11)], [])

    assert (line.open_on(date(2026, 10, 31)), line.open_on(date(2026, 11, 1))) == (True, False)


def test_the_version_is_the_servers_stamp_else_the_content(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 6: an edit between review and write is seen also where the server keeps no stamp."""
    versions = []
    for changes in ({}, {"quantity": 12.50}, {"invoiceDescription": "x"}, {"lessIncluded": 3}, {"cancelledDate": None}):
        tenant = CwTenant({f"GET {path(11)}": reply([addition(111, 11, **{"_info": None, **changes})])})
        versions.append(hook_of(monkeypatch, tenant).read_lines([contract(11)], [])[0].version)

    assert versions[0] == versions[1] == versions[4]
    assert len(set(versions)) == 3
    assert all(len(version) == 16 for version in versions)


def test_an_addition_of_another_agreement_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 4: a line is never taken for one of another customer."""
    tenant = CwTenant({f"GET {path(11)}": reply([addition(111, 12)])})

    with pytest.raises(UnreadableAnswer, match="agreementId is 12, expected agreement 11"):
        hook_of(monkeypatch, tenant).read_lines([contract(11)], [])


def test_additions_of_many_agreements_come_in_bundles(monkeypatch: pytest.MonkeyPatch) -> None:
    """120 agreements are three bundles and one list, with which the first bundle is compared."""
    agreements = range(101, 221)
    tenant = tenant_of(agreements, bundle_answer())

    assert read(hook_of(monkeypatch, tenant), agreements) == expected(agreements)

    assert calls(tenant) == (3, 1)
    first = tenant.bodies(BUNDLES)[0]["requests"]
    assert len(first) == 50
    assert first[1] == {
        "sequenceNumber": 2,
        "resourceType": "addition",
        "version": "2025.8",
        "apiRequest": {"parentId": 102, "page": {"page": 1, "pageSize": 1000}, "fields": FIELDS},
    }


def test_a_tenant_that_was_believed_once_is_not_compared_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second reading of a run costs its bundles alone."""
    agreements = range(101, 151)
    tenant = tenant_of(agreements, bundle_answer())
    hook = hook_of(monkeypatch, tenant)
    read(hook, agreements)

    assert read(hook, agreements) == expected(agreements)

    assert calls(tenant) == (2, 1)


@pytest.mark.parametrize(
    ("bundles", "asked"),
    [
        (not_found(), 1),
        (forbidden(), 1),
        (reply({"message": "Method not allowed"}, 405), 1),
        (reply({"message": "InvalidObject"}, 400), 6),
        (reply(b"oops", 500), 5),
        (reply(b"<html>"), 5),
        (reply({"results": []}), 1),
        (reply([]), 1),
    ],
    ids=["404", "403", "405", "400", "500", "html", "no results", "a list"],
)
def test_a_tenant_without_bundles_is_read_one_agreement_at_a_time(
    bundles: Reply, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is found out at the first use, with few calls, and not tried again."""
    agreements = range(101, 221)
    tenant = tenant_of(agreements, bundles)
    hook = hook_of(monkeypatch, tenant)

    assert read(hook, agreements) == expected(agreements)
    assert calls(tenant) == (asked, 120)
    assert read(hook, agreements) == expected(agreements)
    assert calls(tenant) == (asked, 240)


def test_bundles_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who does not trust them gets one call per agreement."""
    agreements = range(101, 111)
    tenant = tenant_of(agreements, bundle_answer())

    assert read(hook_of(monkeypatch, tenant, bundles="Off"), agreements) == expected(agreements)

    assert calls(tenant) == (0, 10)


def test_a_size_that_is_refused_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    """50 are refused, 25 as well, 12 are taken: everything after that comes in twelves."""
    agreements = range(101, 161)

    def twenty_at_most(sent: Any) -> Reply:
        return bundle_answer()(sent) if len(sent["requests"]) <= 20 else reply({"message": "too many"}, 400)

    tenant = tenant_of(agreements, twenty_at_most)

    assert read(hook_of(monkeypatch, tenant), agreements) == expected(agreements)

    sizes = [len(body["requests"]) for body in tenant.bodies(BUNDLES)]
    assert sizes == [50, 25, 12, 13, 25, 12, 13, 10]
    assert calls(tenant) == (8, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"success": False, "statusCode": 500, "entities": None, "error": {"code": "x", "message": "y"}},
        {"success": True, "statusCode": 404},
        {"success": None},
        {"entities": None},
        {"entities": ["x"]},
        {"count": 3},
        {"sequenceNumber": 1},
        {"sequenceNumber": 99},
        {"sequenceNumber": None},
        {"entities": [addition(1051, 106)], "count": 1},
    ],
    ids=str,
)
def test_a_part_that_failed_or_is_not_whole_is_read_on_its_own(
    change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 3: nothing that a bundle left out is taken for an agreement without lines."""
    agreements = range(101, 111)
    tenant = tenant_of(agreements, bundle_answer(lambda agreement: change if agreement == 105 else {}))

    assert read(hook_of(monkeypatch, tenant), agreements) == expected(agreements)

    assert len(tenant.sent(f"GET {path(105)}")) == 1


def test_two_parts_with_one_number_belong_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 4: where rows do not name their agreement, the number alone says whose they are; twice is no number."""
    agreements = range(101, 111)

    def nameless(agreement: int) -> list[dict[str, Any]]:
        return [{**row, "agreementId": None} for row in additions_of(agreement)]

    def part(agreement: int) -> dict[str, Any]:
        return {"entities": nameless(agreement), **({"sequenceNumber": 2} if agreement == 105 else {})}

    tenant = tenant_of(agreements, bundle_answer(part))

    assert read(hook_of(monkeypatch, tenant), agreements) == expected(agreements)

    assert [len(tenant.sent(f"GET {path(number)}")) for number in (102, 105, 106)] == [1, 1, 0]


def test_a_part_that_fills_its_page_is_read_on_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand rows may be the first of two pages."""
    many = [addition(10_000 + number, 102) for number in range(1500)]
    first_page = {"entities": many[:1000], "count": 1000}
    tenant = tenant_of(range(101, 103), bundle_answer(lambda agreement: first_page if agreement == 102 else {}))
    tenant.answers[f"GET {path(102)}"] = forward_only(many)

    found = read(hook_of(monkeypatch, tenant), range(101, 103))

    assert (len(found["101"]), len(found["102"])) == (2, 1500)


def test_a_bundle_that_shows_other_rows_than_a_list_is_never_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers without their stamp would make every line look edited before the write."""
    agreements = range(101, 104)

    def without_stamp(agreement: int) -> dict[str, Any]:
        return {"entities": [{**row, "_info": None} for row in additions_of(agreement)]}

    tenant = tenant_of(agreements, bundle_answer(without_stamp))
    hook = hook_of(monkeypatch, tenant)

    lines = hook.read_lines([contract(number) for number in agreements], [])

    assert {line.version for line in lines} == {"2026-10-01T08:00:00Z"}
    read(hook, agreements)
    assert calls(tenant)[0] == 1


def test_a_bundle_without_any_row_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 3: a tenant that answers bundles with nothing still has its lines."""
    agreements = range(101, 104)
    tenant = tenant_of(agreements, bundle_answer(lambda agreement: {"entities": [], "count": 0}))

    assert read(hook_of(monkeypatch, tenant), agreements) == expected(agreements)


def test_lists_without_any_row_are_held_against_their_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 3: agreements that count lines but show none are an error; those that count none are empty."""
    tenant = CwTenant({f"GET {path(11)}": reply([]), f"GET {path(11)}/count": reply({"count": 0})})
    assert hook_of(monkeypatch, tenant).read_lines([contract(11)], []) == []

    tenant.answers[f"GET {path(11)}/count"] = reply({"count": 2})
    with pytest.raises(UnreadableAnswer, match="no addition of agreement 11 came, the count is 2"):
        hook_of(monkeypatch, tenant).read_lines([contract(11)], [])


def test_an_agreement_named_twice_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two changes of one contract do not double its lines."""
    tenant = tenant_of(range(11, 12))

    assert len(hook_of(monkeypatch, tenant).read_lines([contract(11), contract(11)], [])) == 2


def test_lines_are_read_again_by_their_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading by id lags behind nothing; one that is gone is missing, and nothing else is asked for."""
    tenant = CwTenant(
        {
            f"GET {path(11)}/111": reply(addition(111, 11, quantity=7)),
            "GET /finance/agreements": reply([{"id": 11}]),
        }
    )

    lines = hook_of(monkeypatch, tenant).reread_lines([LinesAgain(contract(11), ("111", "112", "111"), ())])

    assert [(line.line_id, line.quantity, line.account_id) for line in lines] == [("111", Decimal(7), "a11")]
    assert len(tenant.sent(f"GET {path(11)}/111")) == 1
    assert tenant.queries(f"GET {path(11)}/111") == [{"fields": FIELDS}]


def test_not_found_says_nothing_while_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that expired in the cloud answer 404 too; lines are not taken for gone then."""
    hook = hook_of(monkeypatch, CwTenant({}))

    with pytest.raises(BadRequest) as caught:
        hook.reread_lines([LinesAgain(contract(11), ("111",), ())])

    assert caught.value.status == 404


def test_another_fault_of_a_line_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 3: only not found means gone."""
    refusal = reply({"message": "Record is locked"}, 409)
    tenant = CwTenant({f"GET {path(11)}/111": refusal, "GET /finance/agreements": reply([])})

    with pytest.raises(BadRequest, match="Record is locked"):
        hook_of(monkeypatch, tenant).reread_lines([LinesAgain(contract(11), ("111",), ())])


def test_a_look_up_lists_the_agreement_and_the_fresh_line_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list may lag behind a write; what was read by id is newer, also when it says that the line is gone."""
    tenant = CwTenant(
        {
            f"GET {path(11)}": reply([addition(number, 11, quantity=1) for number in (111, 112, 113)]),
            f"GET {path(11)}/count": reply({"count": 3}),
            f"GET {path(11)}/111": reply(addition(111, 11, quantity=7)),
            "GET /finance/agreements": reply([]),
        }
    )

    lines = hook_of(monkeypatch, tenant).reread_lines([LinesAgain(contract(11), ("111", "112"), (), look_up=True)])

    assert {line.line_id: line.quantity for line in lines} == {"111": Decimal(7), "113": Decimal(1)}


def test_a_look_up_that_shows_fewer_lines_than_there_are_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that is overlooked before adding one would be billed twice."""
    tenant = CwTenant({f"GET {path(11)}": reply([]), f"GET {path(11)}/count": reply({"count": 1})})

    with pytest.raises(UnreadableAnswer, match="the list is not complete"):
        hook_of(monkeypatch, tenant).reread_lines([LinesAgain(contract(11), (), (), look_up=True)])


def test_an_upgrade_between_two_reads_does_not_make_lines_vanish(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 404 of the old path is no line that is gone."""
    tenant = CwTenant({f"GET {path(11)}/111": reply(addition(111, 11))})
    hook = hook_of(monkeypatch, tenant, FrozenTime())
    hook.reread_lines([LinesAgain(contract(11), ("111",), ())])
    tenant.codebase = "v2026_5"

    assert [line.line_id for line in hook.reread_lines([LinesAgain(contract(11), ("111",), ())])] == ["111"]
