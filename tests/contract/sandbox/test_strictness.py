"""Whatever the specification does not allow is refused, with the reason, and nothing is applied."""

from __future__ import annotations

from typing import Any

import pytest

from billing_providers.sandbox.server import SandboxServer
from tests.support.sandbox_clients import BmsClient

ACCOUNTS = "/v2/crm/accounts/summary"
SERVICES = "/v2/admin/finance/services/search"
SIGN_IN = "/v2/security/authenticate"
LINE = "/v2/finance/contracts/5001/services/90001"
ADD = "/v2/finance/contracts/recurringservices/5001/services"
GOOD = {"units": 5, "effectiveDate": "2026-07-26"}

REFUSED: dict[str, tuple[int, str, str, dict[str, Any], str]] = {
    "unknown query parameter": (
        400,
        "GET",
        ACCOUNTS,
        {"params": {"Filter.Code": "X"}},
        "unknown query parameter Filter.Code",
    ),
    "filter without its prefix": (
        400,
        "GET",
        ACCOUNTS,
        {"params": {"AccountCode": "X"}},
        "unknown query parameter AccountCode",
    ),
    "prefixed filter of the contract lookup": (
        400,
        "GET",
        "/v2/finance/contracts/lookup",
        {"params": {"Filter.AccountId": 1001}},
        "unknown query parameter Filter.AccountId",
    ),
    "page size as text": (400, "GET", ACCOUNTS, {"params": {"PageSize": "all"}}, "'all' is no int32"),
    "page size beyond int32": (400, "GET", ACCOUNTS, {"params": {"PageSize": 2**31}}, "is no int32"),
    "page too large": (400, "GET", ACCOUNTS, {"params": {"PageSize": 101}}, "PageSize must be 1 to 100"),
    "page below zero": (400, "GET", ACCOUNTS, {"params": {"PageNumber": -1}}, "PageNumber must not be below 0"),
    "boolean as number": (400, "GET", ACCOUNTS, {"params": {"Filter.IsActive": 1}}, "'1' is no boolean"),
    "parameter twice": (400, "GET", ACCOUNTS, {"params": [("PageSize", 1), ("pagesize", 2)]}, "given twice"),
    "unknown sort field": (400, "GET", ACCOUNTS, {"params": {"Sort": "Colour"}}, "Sort 'Colour'"),
    "exclude": (400, "GET", ACCOUNTS, {"params": {"Exclude": "Locations"}}, "not simulated"),
    "body on a read": (400, "GET", ACCOUNTS, {"json": {}}, "takes no body"),
    "text in the path": (400, "GET", f"{ACCOUNTS}/first", {}, "'first' is no int32"),
    "unknown id": (404, "GET", f"{ACCOUNTS}/999", {}, "Account 999"),
    "unknown path": (404, "GET", "/v2/finance/contracts", {}, "No operation"),
    "lower version": (404, "GET", "/v1/finance/contracts/summary", {}, "No operation"),
    "trailing slash": (404, "GET", f"{ACCOUNTS}/", {}, "No operation"),
    "wrong method": (405, "PATCH", LINE, {"json": GOOD}, "allows PUT"),
    "search as a read": (400, "GET", SERVICES, {}, "'search' is no int32"),
    "missing required parameter": (400, "GET", "/v2/security/ssostatus", {}, "parameter Tenant is required"),
    "unknown body field": (400, "POST", SERVICES, {"json": {"Page": 1}}, "unknown field Page"),
    "unknown filter field": (
        400,
        "POST",
        SERVICES,
        {"json": {"Filter": {"Sku": "X"}}},
        "body.Filter: unknown field Sku",
    ),
    "read-only field": (400, "POST", SERVICES, {"json": {"StartRowIndex": 0}}, "StartRowIndex is read only"),
    "boolean where a number flag is": (400, "POST", SERVICES, {"json": {"Filter": {"IsActive": True}}}, "is no int32"),
    "null for a number": (400, "POST", SERVICES, {"json": {"PageSize": None}}, "null is not allowed"),
    "array for an object": (400, "POST", SERVICES, {"json": []}, "an array is no object"),
    "form where JSON belongs": (415, "POST", SERVICES, {"data": {"PageSize": 1}}, "x-www-form-urlencoded"),
    "no content type": (415, "POST", SERVICES, {"data": b"{}"}, "no Content-Type"),
    "no JSON": (400, "POST", SERVICES, {"data": b"{", "headers": {"Content-Type": "application/json"}}, "no JSON"),
    "NaN": (400, "PUT", LINE, {"data": b'{"units": NaN}', "headers": {"Content-Type": "text/json"}}, "NaN is no JSON"),
    "units as text": (400, "PUT", LINE, {"json": {**GOOD, "units": "5"}}, "body.Units: a string is no int32"),
    "units as fraction": (400, "PUT", LINE, {"json": {**GOOD, "units": 5.5}}, "5.5 is no int32"),
    "whole units written as a double": (400, "PUT", LINE, {"json": {**GOOD, "units": 5.0}}, "5.0 is no int32"),
    "units as boolean": (400, "PUT", LINE, {"json": {**GOOD, "units": True}}, "a boolean is no int32"),
    "units beyond int32": (400, "PUT", LINE, {"json": {**GOOD, "units": 2**31}}, "2147483648 is no int32"),
    "units below zero": (400, "PUT", LINE, {"json": {**GOOD, "units": -1}}, "must not be below 0"),
    "units missing": (400, "PUT", LINE, {"json": {"effectiveDate": "2026-07-26"}}, "Units and EffectiveDate are given"),
    "date missing": (400, "PUT", LINE, {"json": {"units": 5}}, "Units and EffectiveDate are given together"),
    "nothing to set": (400, "PUT", LINE, {"json": {}}, "nothing is given"),
    "cost below zero": (400, "PUT", LINE, {"json": {"unitCost": -1}}, "must not be below 0"),
    "no date": (400, "PUT", LINE, {"json": {**GOOD, "effectiveDate": "2026-02-30"}}, "is no date-time"),
    "date of another country": (400, "PUT", LINE, {"json": {**GOOD, "effectiveDate": "26/07/2026"}}, "is no date-time"),
    "date outside of the contract": (400, "PUT", LINE, {"json": {**GOOD, "effectiveDate": "2020-01-01"}}, "outside"),
    "field of another call": (400, "PUT", LINE, {"json": {**GOOD, "sortOrder": 1}}, "unknown field sortOrder"),
    "line of another contract": (
        404,
        "PUT",
        "/v2/finance/contracts/5002/services/90001",
        {"json": GOOD},
        "no service line",
    ),
    "unknown contract": (404, "GET", "/v2/finance/contracts/4/services", {}, "Contract 4"),
    "object where lines are added": (400, "POST", ADD, {"json": {"ServiceId": 201}}, "an object is no array"),
    "no lines to add": (400, "POST", ADD, {"json": []}, "no service is given"),
    "inactive service": (
        400,
        "POST",
        ADD,
        {"json": [{"ServiceId": 220, "EffectiveDate": "2026-07-26"}]},
        "no active service 220",
    ),
    "added without a date": (400, "POST", ADD, {"json": [{"ServiceId": 201, "Units": 1}]}, "0001-01-01 is outside"),
    "sign-in with JSON": (415, "POST", SIGN_IN, {"json": {"GrantType": "password"}}, "application/json"),
    "sign-in without grant type": (400, "POST", SIGN_IN, {"data": {"UserName": "x"}}, "GrantType is required"),
    "sign-in with another grant": (400, "POST", SIGN_IN, {"data": {"GrantType": "code"}}, "not supported"),
    "unknown form field": (400, "POST", SIGN_IN, {"data": {"GrantType": "password", "Otp": "1"}}, "unknown field Otp"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_the_specification_does_not_allow_is_refused(fault: str, box: SandboxServer, bms: BmsClient) -> None:
    """A wrong request gets its error, says why, and changes nothing."""
    status, method, path, request, reason = REFUSED[fault]

    answer = bms.call(method, path, **request)

    assert answer.status_code == status, answer.text
    assert answer.json()["success"] is False
    assert reason in answer.json()["error"]["details"]
    assert box.control.audit(by="all") == []


def test_all_faults_of_a_request_are_named_at_once(bms: BmsClient) -> None:
    """The error lists every fault, not the first."""
    answer = bms.call("PUT", LINE, json={"units": "5", "effectiveDate": "soon", "reason": "x"})

    assert len(answer.json()["error"]["subErrors"]) == 3


def test_names_are_accepted_in_any_case(bms: BmsClient) -> None:
    """ASP.NET compares names without regard to case, and so do working clients."""
    assert bms.get(ACCOUNTS, pagesize=1).status_code == 200
    assert bms.call("PUT", LINE, json={"Units": 5, "EFFECTIVEDATE": "2026-07-26T00:00:00Z"}).status_code == 200


@pytest.mark.parametrize(
    "content_type", ["application/json-patch+json", "application/json", "text/json", "application/vnd.x+json"]
)
def test_content_types_of_the_specification_are_accepted(content_type: str, bms: BmsClient) -> None:
    """JSON bodies come under any of the four declared content types."""
    answer = bms.call("POST", SERVICES, data=b"{}", headers={"Content-Type": content_type})

    assert answer.status_code == 200


@pytest.mark.parametrize("why", ["other type", "stopped", "closed line"])
def test_what_is_not_writable_is_refused(why: str, box: SandboxServer, bms: BmsClient) -> None:
    """Contracts that are inactive or of another type, and closed lines, take no units."""
    names = {contract["contract_id"]: contract["name"] for contract in box.control.world()["contracts"]}
    wanted = {"other type": "Projects", "stopped": "(stopped)", "closed line": "Baker Street"}[why]
    line = next(
        line
        for line in box.control.lines()
        if wanted in names[int(line["contract_id"])] and line["active"] is (why != "closed line")
    )

    answer = bms.put_line(int(line["contract_id"]), int(line["line_id"]), 9)

    assert answer.status_code == 400
    assert box.control.audit() == []
