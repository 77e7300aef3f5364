"""The way into the simulated Autotask: zone, headers, rights, paths."""

from __future__ import annotations

import pytest
import requests

from billing_providers.sandbox.credentials import (
    AT_COSTLESS_USER,
    AT_INTEGRATION_CODE,
    AT_LIMITED_USER,
    AT_READING_USER,
    AT_SECRET,
    AT_USER,
)
from billing_providers.sandbox.server import SandboxServer
from tests.support.at_sandbox import AFFIRMED, OPEN, SEATS, TIMEOUT_S, AtClient, errors


def zone(box: SandboxServer, path: str = "/atservicesrest/v1.0/zoneInformation", **query: str) -> requests.Response:
    return requests.get(box.base_url("autotask") + path, params=query, timeout=TIMEOUT_S)


def test_the_zone_is_told_to_anybody_who_names_a_user(box: SandboxServer) -> None:
    """No headers are needed, and the address ends with a slash."""
    answer = zone(box, user=AT_USER)

    assert (answer.status_code, answer.json()) == (
        200,
        {
            "zoneName": "UK2",
            "url": f"{box.base_url('autotask')}/webservices16/ATServicesRest/",
            "webUrl": "https://ww16.autotask.net/",
            "ci": 510263,
        },
    )


@pytest.mark.parametrize("query", [{}, {"user": "somebody@else.example"}])
def test_the_zone_of_an_unknown_user_is_not_told(box: SandboxServer, query: dict[str, str]) -> None:
    """500 with the text that is known."""
    assert errors(zone(box, **query)) == ["Zone information could not be determined"]


def test_paths_are_compared_without_regard_to_case(box: SandboxServer, at: AtClient) -> None:
    """Clients write ATServicesRest and atservicesrest, and any case after it."""
    assert zone(box, "/ATSERVICESREST/V1.0/ZONEINFORMATION", user=AT_USER).status_code == 200
    for path in ("webservices16/atservicesrest/v1.0/companies/801", "WEBSERVICES16/AtServicesRest/V1.0/COMPANIES/801"):
        found = at.session.get(f"{at.base_url}/{path}", timeout=TIMEOUT_S)
        assert found.json()["item"]["companyName"] == "Alpha & Söhne GmbH"


def test_a_user_is_known_in_any_case_and_a_secret_in_one(box: SandboxServer) -> None:
    """The name is an e-mail address."""
    assert AtClient(box, AT_USER.upper()).get("/Companies/801").status_code == 200


@pytest.mark.parametrize("name", ["ApiIntegrationCode", "UserName", "Secret"])
def test_every_header_is_needed(at: AtClient, name: str) -> None:
    """Without one of the three, nobody is let in."""
    del at.session.headers[name]

    assert at.get("/Companies/801").status_code == 401


@pytest.mark.parametrize("header", [{"UserName": "nobody@harbourmsp.example"}, {"Secret": AT_SECRET.lower()}])
def test_a_wrong_user_or_secret_is_401(at: AtClient, header: dict[str, str]) -> None:
    """Failed authentication."""
    at.session.headers.update(header)

    assert at.get("/Companies/801").status_code == 401


def test_a_wrong_integration_code_is_500(at: AtClient) -> None:
    """Unlike the other two."""
    at.session.headers["ApiIntegrationCode"] = AT_INTEGRATION_CODE[::-1]

    assert errors(at.get("/Companies/801")) == ["IntegrationCode is invalid."]
    assert len(AT_INTEGRATION_CODE) == 27


@pytest.mark.parametrize("address", ["", "/webservices3", "/webservices28"])
def test_another_zone_than_the_tenants_answers_nothing(at: AtClient, address: str) -> None:
    """Discovery matters: the host that tells the zone does not serve the tenant."""
    answer = at.session.get(f"{at.base_url}{address}/ATServicesRest/V1.0/Companies/801", timeout=TIMEOUT_S)

    assert answer.status_code == 401


@pytest.mark.parametrize("status", [401, 404])
def test_a_tenant_that_moves_is_found_again_by_its_zone(box: SandboxServer, at: AtClient, status: int) -> None:
    """The old address answers no more; zoneInformation tells the new one."""
    box.control.change_settings(at_zone_moves=True, at_old_zone_status=status)

    assert at.get("/Companies/801").status_code == status
    told = zone(box, user=AT_USER).json()
    assert told["url"] == f"{box.base_url('autotask')}/webservices28/ATServicesRest/"
    assert at.session.get(f"{told['url']}V1.0/Companies/801", timeout=TIMEOUT_S).status_code == 200


def test_revoked_secrets_stay_so_until_a_reset(box: SandboxServer, at: AtClient) -> None:
    """There are no tokens to renew."""
    box.control.add_fault("revoke_token", system="autotask")

    assert [at.get("/Companies/801").status_code for _ in range(2)] == [401, 401]
    box.control.reset()
    assert at.get("/Companies/801").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/Tickets/1", 404),
        ("GET", "/Contracts/7999", 404),
        ("GET", "/Contracts/seven", 404),
        ("PATCH", "/Contracts/7001", 405),
        ("DELETE", "/Companies/801", 405),
        ("GET", "/ContractServiceAdjustments", 405),
        ("GET", "/ContractServiceAdjustments/query", 404),
        ("POST", "/ContractServices", 404),
        ("GET", f"/Contracts/{OPEN}/ServiceAdjustments", 405),
    ],
)
def test_what_is_not_offered(at: AtClient, method: str, path: str, status: int) -> None:
    """An unknown path or id is 404, another verb 405; adjustments can be posted and nothing else."""
    assert at.call(method, path, json={}).status_code == status


def test_another_content_type_than_json_is_refused(at: AtClient) -> None:
    """415; a body that is no JSON is 500."""
    form = at.call("POST", "/Companies/query", data={"filter": "x"})
    broken = at.call("POST", "/Companies/query", data="{", headers={"Content-Type": "application/json"})

    assert (form.status_code, broken.status_code) == (415, 500)


@pytest.mark.parametrize(
    ("entity", "sees"),
    [
        ("Companies", True),
        ("Services", True),
        ("Contracts", False),
        ("ContractServices", False),
        ("ContractServiceUnits", False),
        ("ContractServiceBundles", False),
        ("ContractServiceBundleUnits", False),
        ("BillingItems", False),
    ],
)
def test_a_restricted_user_gets_empty_lists_and_no_error(box: SandboxServer, entity: str, sees: bool) -> None:
    """The dangerous part: nothing says that there is more."""
    limited, full = AtClient(box, AT_LIMITED_USER), AtClient(box)

    answer = limited.query(entity, AFFIRMED)
    counted = limited.call("POST", f"/{entity}/query/count", json={"filter": [AFFIRMED]}).json()

    assert answer.status_code == 200
    assert (answer.json()["items"] != [], counted["queryCount"] > 0) == (sees, sees)
    assert full.ids(entity, AFFIRMED) != []


@pytest.mark.parametrize("user", [AT_LIMITED_USER, AT_READING_USER])
def test_who_may_not_adjust_is_refused(box: SandboxServer, user: str) -> None:
    """And nothing is applied."""
    answer = AtClient(box, user).adjust(OPEN, contractServiceID=SEATS, unitChange=1, effectiveDate="2026-08-01")

    assert errors(answer) == ["The logged in resource does not have permission to create ContractServiceAdjustment."]
    assert box.control.audit(system="autotask") == []


def test_who_cannot_read_costs_gets_nulls(box: SandboxServer) -> None:
    """Prices are told all the same."""
    shown = AtClient(box, AT_COSTLESS_USER).get(f"/ContractServices/{SEATS}").json()["item"]

    assert (shown["unitCost"], shown["unitPrice"]) == (None, 10)


def test_the_version_is_told_beside_the_versions(at: AtClient) -> None:
    """It lies outside of V1.0."""
    answer = requests.get(f"{at.base_url}/webservices16/ATServicesRest/VersionInformation", timeout=TIMEOUT_S)

    assert answer.json() == {"apiVersions": ["1.0"]}
