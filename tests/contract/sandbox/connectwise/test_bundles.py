"""Bundles: the additions of many agreements in one call."""

from __future__ import annotations

from typing import Any

import pytest

from billing_providers.sandbox.server import SandboxServer
from tests.support.cw_sandbox import NO_PRORATION, OPEN, CwClient


def _read(number: int, agreement_id: int, **asked: Any) -> dict[str, Any]:
    return {"sequenceNumber": number, "resourceType": "addition", "apiRequest": {"parentId": agreement_id, **asked}}


def test_a_bundle_gives_what_the_lists_give(cw: CwClient) -> None:
    """The same records, agreement by agreement, in the order of the requests."""
    answer = cw.bundle(_read(2, NO_PRORATION), _read(1, OPEN, page={"page": 1, "pageSize": 1000}))

    results = answer.json()["results"]
    assert [(result["sequenceNumber"], result["success"], result["statusCode"]) for result in results] == [
        (2, True, 200),
        (1, True, 200),
    ]
    assert [result["count"] for result in results] == [1, 4]
    assert results[0]["entities"] == cw.additions(NO_PRORATION)
    assert results[1]["entities"] == cw.additions(OPEN)


def test_a_bundle_takes_filters_pages_order_and_fields(cw: CwClient) -> None:
    """As the list does."""
    (result,) = cw.bundle(
        _read(
            1,
            OPEN,
            filters={"conditions": "quantity>=3", "orderBy": "id desc"},
            page={"page": 2, "pageSize": 1},
            fields="id,quantity",
        )
    ).json()["results"]

    assert result["entities"] == [{"id": 7002, "quantity": 3}]


def test_names_in_a_bundle_may_be_spelt_in_any_case(cw: CwClient) -> None:
    """As one client in use spells them."""
    asked = {
        "SequenceNumber": 1,
        "ResourceType": "Addition",
        "Version": "2020.1",
        "ApiRequest": {"ParentId": OPEN, "Filters": {"Conditions": "cancelledDate=null"}, "Fields": "id"},
    }

    (result,) = cw.call("POST", "/system/bundles", json={"Requests": [asked]}).json()["results"]

    assert (result["entities"], result["version"]) == ([{"id": 7001}, {"id": 7007}], "2020.1")


def test_one_addition_can_be_read_by_its_id(cw: CwClient) -> None:
    """An id inside of the request names a single record."""
    (result,) = cw.bundle(_read(1, OPEN, id=7002, fields="id")).json()["results"]

    assert result["entities"] == [{"id": 7002}]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        (_read(2, 999), 404),
        (_read(2, OPEN, id=7003), 404),
        (_read(2, OPEN, filters={"conditions": "nonsense=1"}), 400),
        (_read(2, OPEN, fields="nonsense"), 400),
        (_read(2, OPEN, page={"pageSize": 0}), 400),
        (_read(2, OPEN, nonsense=1), 400),
        ({**_read(2, OPEN), "resourceType": "agreement"}, 400),
        ({**_read(2, OPEN), "version": "1.0"}, 400),
        ({"sequenceNumber": 2, "resourceType": "addition", "apiRequest": {}}, 400),
        ({"sequenceNumber": 2, "resourceType": "addition"}, 400),
    ],
    ids=str,
)
def test_a_request_that_fails_fails_alone(cw: CwClient, wrong: dict[str, Any], status: int) -> None:
    """The bundle is 200; the result says what is wrong, and the other requests are answered."""
    answer = cw.bundle(_read(1, OPEN), wrong, _read(3, NO_PRORATION))

    first, failed, third = answer.json()["results"]
    assert (answer.status_code, first["success"], third["success"]) == (200, True, True)
    assert (failed["success"], failed["statusCode"], failed["entities"], failed["count"]) == (False, status, [], 0)
    assert failed["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"requests": []},
        {"requests": {}},
        {"requests": [_read(1, OPEN)], "nonsense": 1},
        {"requests": ["addition"]},
        {"requests": [_read(1, OPEN), _read(1, NO_PRORATION)]},
        {"requests": [{"resourceType": "addition", "apiRequest": {"parentId": OPEN}}]},
        {"requests": [{**_read(1, OPEN), "nonsense": 1}]},
        [],
    ],
    ids=str,
)
def test_a_bundle_that_cannot_be_read_is_refused_whole(cw: CwClient, body: Any) -> None:
    """Without requests, without numbers of their own, or with unknown names."""
    assert cw.call("POST", "/system/bundles", json=body).status_code == 400


def test_a_tenant_may_have_no_bundles(box: SandboxServer, cw: CwClient) -> None:
    """Then there is nothing at the address."""
    box.control.change_settings(cw_bundles="off")

    assert cw.bundle(_read(1, OPEN)).status_code == 404


def test_a_bundle_may_be_too_large(box: SandboxServer, cw: CwClient) -> None:
    """As many as the limit are answered, one more is refused."""
    box.control.change_settings(cw_bundle_max=2)

    assert cw.bundle(_read(1, OPEN), _read(2, OPEN)).status_code == 200
    assert cw.bundle(_read(1, OPEN), _read(2, OPEN), _read(3, OPEN)).status_code == 400


def test_a_member_without_agreements_gets_none_in_a_bundle(box: SandboxServer) -> None:
    """The way round the right is closed."""
    (result,) = CwClient(box, "sandboxPublicNoAgreements").bundle(_read(1, OPEN)).json()["results"]

    assert (result["success"], result["statusCode"], result["entities"]) == (False, 403, [])


def test_a_page_in_a_bundle_has_25_rows_unless_asked(cw: CwClient) -> None:
    """The trap of the lists is here too: nothing tells that there is more."""
    for _ in range(30):
        cw.add(OPEN, product={"id": 22}, billCustomer="Billable")

    cut, whole, next_id = (
        cw.bundle(_read(1, OPEN, **asked)).json()["results"][0]["entities"]
        for asked in ({}, {"page": {"pageSize": 1000}}, {"page": {"pageId": 7025, "pageSize": 1000}})
    )

    assert [len(part) for part in (cut, whole)] == [25, 34]
    assert [row["id"] for row in next_id][:2] == [7026, 7027]
