"""Who gets in: the codebase, the clientId, the keys, the rights, the model version, the limit."""

from __future__ import annotations

import base64
import json
from importlib.resources import files

import pytest
import requests

from billing_providers.sandbox.connectwise.routes import api_routes
from billing_providers.sandbox.credentials import CW_CLIENT_ID, CW_COMPANY_ID, CW_PRIVATE_KEY, CW_PUBLIC_KEY
from billing_providers.sandbox.server import SandboxServer
from tests.support.cw_sandbox import OPEN, CwClient

AGREEMENTS = "/finance/agreements"
RIGHT_KEYS = f"{CW_COMPANY_ID}+{CW_PUBLIC_KEY}:{CW_PRIVATE_KEY}"


def _basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def _bare(cw: CwClient, **headers: str) -> requests.Response:
    return requests.get(f"{cw.api_url}{AGREEMENTS}", headers=headers, timeout=20)


def test_the_codebase_is_told_to_anybody(cw: CwClient) -> None:
    """Where the API lies is looked up without keys; the answer carries a trailing slash."""
    answer = requests.get(f"{cw.base_url}/login/companyinfo/harbourmsp", timeout=20)

    assert (answer.status_code, answer.json()["Codebase"]) == (200, "v2026_4/")


def test_an_unknown_company_is_null(cw: CwClient) -> None:
    """A wrong company id is no error of HTTP: the body is null."""
    answer = requests.get(f"{cw.base_url}/login/companyinfo/somebodyelse", timeout=20)

    assert (answer.status_code, answer.text) == (200, "null")


@pytest.mark.parametrize("codebase", ["v4_6_release", "v2025_1", "V2026_4"])
def test_another_codebase_is_a_bare_404(box: SandboxServer, codebase: str) -> None:
    """The web server knows no such path, so the answer is no JSON."""
    answer = CwClient(box, codebase=codebase).get(AGREEMENTS)

    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html")


def test_an_upgrade_moves_the_api(box: SandboxServer, cw: CwClient) -> None:
    """The old path is gone, the look-up tells the new one, and a write to the old one is not applied."""
    box.control.change_settings(cw_codebase="v2026_5/")

    assert cw.set(OPEN, 7001, quantity=11).status_code == 404
    assert requests.get(f"{cw.base_url}/login/companyinfo/harbourmsp", timeout=20).json()["Codebase"] == "v2026_5/"
    assert CwClient(box, codebase="v2026_5").get(AGREEMENTS).status_code == 200
    assert box.control.audit() == []


@pytest.mark.parametrize("client_id", ["", "00000000-0000-0000-0000-000000000000"])
def test_without_a_known_client_id_nobody_gets_in(cw: CwClient, client_id: str) -> None:
    """Right keys do not help."""
    headers = {"Authorization": _basic(RIGHT_KEYS)} | ({"clientId": client_id} if client_id else {})

    assert _bare(cw, **headers).status_code == 403


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer abc",
        "Basic %%%",
        _basic(f"{CW_COMPANY_ID}+{CW_PUBLIC_KEY}:wrong"),
        _basic(f"{CW_COMPANY_ID}+wrong:{CW_PRIVATE_KEY}"),
        _basic(f"othermsp+{CW_PUBLIC_KEY}:{CW_PRIVATE_KEY}"),
        _basic(f"{CW_PUBLIC_KEY}:{CW_PRIVATE_KEY}"),
    ],
)
def test_wrong_keys_are_refused(cw: CwClient, authorization: str) -> None:
    """Company, public and private key must all be right."""
    answer = _bare(cw, clientId=CW_CLIENT_ID, Authorization=authorization)

    assert (answer.status_code, answer.json()["code"]) == (401, "Unauthorized")


def test_the_right_keys_are_let_in(cw: CwClient) -> None:
    """The same request with the right keys works, so the refusals above are about the keys."""
    assert _bare(cw, clientId=CW_CLIENT_ID, Authorization=_basic(RIGHT_KEYS)).status_code == 200


def test_wrong_keys_can_look_like_a_missing_page(box: SandboxServer) -> None:
    """As in the vendor's cloud: no body of the API, only 404."""
    box.control.change_settings(cw_wrong_keys_are_404=True)

    answer = CwClient(box, public_key="wrong").get(AGREEMENTS)

    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html")
    assert CwClient(box).get(AGREEMENTS).status_code == 200


@pytest.mark.parametrize(
    ("public_key", "path", "status"),
    [
        ("sandboxPublicNoAgreements", AGREEMENTS, 403),
        ("sandboxPublicNoAgreements", f"{AGREEMENTS}/{OPEN}/additions", 403),
        ("sandboxPublicNoAgreements", "/procurement/catalog", 200),
        ("sandboxPublicNoCatalogue", "/procurement/catalog", 403),
        ("sandboxPublicNoCatalogue", AGREEMENTS, 200),
        ("sandboxPublicNoCompanies", "/company/companies", 403),
        ("sandboxPublicNoCompanies", AGREEMENTS, 200),
        ("sandboxPublicLeast", "/company/companies", 200),
        ("sandboxPublicLeast", "/finance/invoices", 403),
        ("sandboxPublicLeast", "/system/audittrail?type=AgreementAddition&id=7001", 403),
        ("sandboxPublicReading", AGREEMENTS, 200),
        ("sandboxPublicNoAgreements", "/system/info", 200),
    ],
)
def test_a_member_sees_what_its_role_allows(box: SandboxServer, public_key: str, path: str, status: int) -> None:
    """Each right opens its own part and nothing else."""
    assert CwClient(box, public_key).get(path).status_code == status


def test_a_reading_member_cannot_write(box: SandboxServer) -> None:
    """The refusal names security, and nothing is applied."""
    reader = CwClient(box, "sandboxPublicReading")
    path = f"{AGREEMENTS}/{OPEN}/additions"

    answers = [
        reader.set(OPEN, 7001, quantity=11),
        reader.add(OPEN, product={"id": 22}, billCustomer="Billable"),
        reader.call("PUT", f"{path}/7001", json={"product": {"id": 21}, "billCustomer": "Billable"}),
        reader.call("DELETE", f"{path}/7001"),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403, 403]
    assert {answer.json()["code"] for answer in answers} == {"SecurityError"}
    assert box.control.audit() == []


@pytest.mark.parametrize(
    ("accept", "version"),
    [
        ("*/*", "2026.4"),
        ("application/vnd.connectwise.com+json; version=2025.8, application/json", "2025.8"),
        ("application/vnd.connectwise.com+json;version=2020.1", "2020.1"),
    ],
)
def test_a_known_model_version_is_served(cw: CwClient, accept: str, version: str) -> None:
    """The answer says which version it has."""
    answer = cw.call("GET", AGREEMENTS, headers={"Accept": accept})

    assert (answer.status_code, answer.headers["api-current-version"]) == (200, version)


@pytest.mark.parametrize("version", ["2019.4", "2026.5", "2027.1", "2025.17", "2025.0", "2025", "latest"])
def test_an_unknown_model_version_is_refused(cw: CwClient, version: str) -> None:
    """A version that is not served is not silently another one."""
    answer = cw.call("GET", AGREEMENTS, headers={"Accept": f"application/vnd.connectwise.com+json; version={version}"})

    assert answer.status_code == 400


def test_too_many_calls_are_held_back(box: SandboxServer, cw: CwClient) -> None:
    """The limit counts all calls of a rolling minute, and says when to come again."""
    box.control.change_settings(cw_requests_per_minute=2)

    statuses = [cw.get(AGREEMENTS).status_code, cw.get("/procurement/catalog").status_code]
    refused = cw.get(AGREEMENTS)
    box.control.move_clock(advance_s=int(refused.headers["Retry-After"]))

    assert statuses == [200, 200]
    assert (refused.status_code, 1 <= int(refused.headers["Retry-After"]) <= 61) == (429, True)
    assert cw.get(AGREEMENTS).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/finance/agreementrecap", 404),
        ("GET", "/finance/agreements/statuses", 404),
        ("GET", "/finance/invoices/types", 404),
        ("GET", "/procurement/products", 404),
        ("GET", "/finance/agreements/abc", 404),
        ("GET", "/finance/agreements/999999", 404),
        ("GET", "/finance/agreements/999999/additions", 404),
        ("GET", "/finance/agreements/902/additions/7001", 404),
        ("POST", "/company/companies", 405),
        ("PATCH", "/finance/agreements/901", 405),
        ("GET", "/system/bundles", 405),
    ],
)
def test_what_does_not_exist_says_so(cw: CwClient, method: str, path: str, status: int) -> None:
    """Unknown paths, unknown ids, additions under another agreement, and methods that are not offered."""
    answer = cw.call(method, path)

    assert answer.status_code == status
    assert answer.json()["message"]


def test_routes_and_specification_list_the_same_operations() -> None:
    """The twin answers exactly the embedded operations, no more and no fewer."""
    document = files("billing_providers.sandbox.connectwise").joinpath("published_2025_8.json")
    paths = json.loads(document.read_text(encoding="utf-8"))["paths"]
    embedded = {(method.upper(), path) for path, methods in paths.items() for method in methods}

    assert {(route.method, route.template) for route in api_routes()} == embedded
    assert len(embedded) == 22
