"""Who gets in, for how long, and what they may do."""

from __future__ import annotations

import pytest

from billing_providers.sandbox.credentials import BMS_MFA_CODE, BMS_PASSWORD, BMS_TENANT, BMS_USER
from billing_providers.sandbox.server import SandboxServer
from tests.support.sandbox_clients import BmsClient

USER_INFO = "/v2/security/userinfo"


def test_a_form_in_parts_signs_in_too(box: SandboxServer) -> None:
    """Sign-in takes multipart/form-data, as the specification declares, and names in any case."""
    client = BmsClient(box)
    form = {"grantType": "password", "userName": BMS_USER, "password": BMS_PASSWORD, "tenant": BMS_TENANT}

    answer = client.call("POST", "/v2/security/authenticate", files={name: (None, text) for name, text in form.items()})

    assert answer.status_code == 200
    assert answer.json()["result"]["accessToken"]


@pytest.mark.parametrize(
    ("user", "changes", "reason"),
    [
        (BMS_USER, {"Password": "wrong"}, "User name, password or tenant is wrong."),
        (BMS_USER, {"Tenant": "other-msp"}, "User name, password or tenant is wrong."),
        ("nobody", {}, "User name, password or tenant is wrong."),
        ("api.locked", {}, "The user is locked."),
        ("api.mfa", {}, "A valid MFA code is required."),
        ("api.mfa", {"MFACode": "000000"}, "A valid MFA code is required."),
    ],
)
def test_a_refused_sign_in_is_a_security_error(
    box: SandboxServer, user: str, changes: dict[str, str], reason: str
) -> None:
    """Whoever cannot sign in gets 401 with code 978001."""
    answer = BmsClient(box).sign_in(user, **changes)

    assert answer.status_code == 401
    error = answer.json()["error"]
    assert (error["code"], error["message"], error["details"]) == (978001, "Security Error", reason)


def test_the_mfa_code_lets_in(box: SandboxServer) -> None:
    """A user with MFA signs in with the code."""
    assert BmsClient(box).sign_in("api.mfa", MFACode=BMS_MFA_CODE).status_code == 200


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer made-up", "Basic abc"])
def test_no_call_works_without_a_token(box: SandboxServer, header: str | None) -> None:
    """Without a valid bearer token every call but sign-in is a security error."""
    headers = {} if header is None else {"Authorization": header}

    answer = BmsClient(box).call("GET", "/v2/crm/accounts/summary", headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 978001)


def test_access_tokens_expire_and_refresh_tokens_work_once(box: SandboxServer, bms: BmsClient) -> None:
    """After fifteen minutes of the sandbox's clock the access token is dead; the refresh token gives one new pair."""
    box.control.move_clock(advance_s=899)
    assert bms.get(USER_INFO).status_code == 200
    box.control.move_clock(advance_s=2)
    assert bms.get(USER_INFO).status_code == 401
    pair = {"AccessToken": bms.tokens["accessToken"], "RefreshToken": bms.tokens["refreshToken"]}

    first = bms.call("POST", "/v2/security/refreshtoken", data=pair)
    second = bms.call("POST", "/v2/security/refreshtoken", data=pair)

    assert (first.status_code, second.status_code) == (200, 401)
    bms.use(first.json()["result"])
    assert bms.get(USER_INFO).status_code == 200


def test_refresh_tokens_expire_and_belong_to_their_access_token(box: SandboxServer, bms: BmsClient) -> None:
    """A refresh token needs its own access token, and dies after a day."""
    tokens = bms.tokens
    stolen = bms.call(
        "POST", "/v2/security/refreshtoken", data={"AccessToken": "x", "RefreshToken": tokens["refreshToken"]}
    )
    bms.sign_in()
    box.control.move_clock(advance_s=86401)
    late = bms.call(
        "POST",
        "/v2/security/refreshtoken",
        data={"AccessToken": bms.tokens["accessToken"], "RefreshToken": bms.tokens["refreshToken"]},
    )

    assert (stolen.status_code, late.status_code) == (401, 401)
    assert late.json()["error"]["details"] == "The refresh token has expired."


@pytest.mark.parametrize(
    ("user", "readable", "writable"), [(BMS_USER, 200, 200), ("api.readonly", 200, 403), ("api.nocontracts", 403, 403)]
)
def test_rights_bound_what_a_user_sees_and_changes(box: SandboxServer, user: str, readable: int, writable: int) -> None:
    """Reading contracts and changing them are two rights."""
    client = BmsClient(box)
    client.sign_in(user)

    assert client.get("/v2/crm/accounts/lookup").status_code == 200
    assert client.get("/v2/finance/contracts/lookup").status_code == readable
    assert client.put_line(5001, 90001, 7).status_code == writable
    assert len(box.control.audit()) == (1 if writable == 200 else 0)


def test_user_info_tells_the_rights(box: SandboxServer) -> None:
    """The rights that a connection test shows are the rights that calls are held to."""
    told = {}
    for user in (BMS_USER, "api.readonly", "api.nocontracts"):
        client = BmsClient(box)
        client.sign_in(user)
        rights = client.get(USER_INFO).json()["result"]["userAccessRights"]
        told[user] = {right["listingIDEnum"]: right["canModify"] for right in rights}

    assert told == {
        BMS_USER: {101: False, 201: True, 301: False, 202: False},
        "api.readonly": {101: False, 201: False, 301: False, 202: False},
        "api.nocontracts": {101: False, 301: False},
    }


def test_single_sign_on_is_told(box: SandboxServer) -> None:
    """A user who must sign in elsewhere is known before the sign-in."""
    client = BmsClient(box)

    def forced(user: str) -> bool:
        answer = client.get("/v2/security/ssostatus", Tenant=BMS_TENANT, UserName=user)
        return bool(answer.json()["result"]["enabled"])

    assert (forced("sso.person"), forced(BMS_USER)) == (True, False)


def test_the_hourly_limit_counts_per_path_template(box: SandboxServer, bms: BmsClient) -> None:
    """Requests of one template share a limit; other templates do not, and the hour rolls on."""
    box.control.change_settings(bms_requests_per_hour=2)

    statuses = [bms.get(f"/v2/finance/contracts/{number}/services").status_code for number in (5001, 5002, 5003)]
    refused = bms.get("/v2/finance/contracts/5001/services")

    assert statuses == [200, 200, 429]
    assert 3500 < int(refused.headers["Retry-After"]) <= 3601
    assert bms.get(USER_INFO).status_code == 200
    box.control.move_clock(advance_s=3601)
    bms.sign_in()
    assert bms.get("/v2/finance/contracts/5001/services").status_code == 200
