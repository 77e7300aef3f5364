"""Sign-in to the simulated MSP360."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from billing_providers.sandbox.credentials import MSP360_LOGIN, MSP360_PASSWORD
from billing_providers.sandbox.server import SandboxServer
from tests.support.backup_clients import MbsClient

LOGIN = "/api/Provider/Login"


@pytest.mark.parametrize("how", ["json", "data"])
def test_sign_in_takes_json_and_forms(box: SandboxServer, how: str) -> None:
    """Both forms give a bearer token with its life in seconds."""
    client = MbsClient(box)

    answer = client.call("POST", LOGIN, **{how: {"UserName": MSP360_LOGIN, "Password": MSP360_PASSWORD}})

    assert answer.status_code == 200
    assert answer.json().keys() == {"access_token", "token_type", "expires_in"}
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("bearer", 1_209_600)
    client.use(answer.json()["access_token"])
    assert client.call("GET", "/api/Companies").status_code == 200


def test_the_life_of_a_token_need_not_be_told(box: SandboxServer) -> None:
    """Only the token itself is certain in the real answer."""
    box.control.change_settings(msp360_tells_expiry=False)

    assert MbsClient(box).sign_in().json().keys() == {"access_token", "token_type"}


@pytest.mark.parametrize(
    ("login", "password", "status"),
    [
        (MSP360_LOGIN, "wrong-password", 403),
        ("somebody", MSP360_PASSWORD, 403),
        (MSP360_LOGIN, MSP360_PASSWORD.upper(), 403),
        (MSP360_LOGIN, "ab", 400),
        (MSP360_LOGIN, "a" * 101, 400),
        (MSP360_LOGIN, "", 400),
        ("", MSP360_PASSWORD, 400),
        (MSP360_LOGIN, 12345, 400),
        (None, MSP360_PASSWORD, 400),
    ],
)
def test_wrong_credentials_are_refused(box: SandboxServer, login: Any, password: Any, status: int) -> None:
    """403 for a pair that does not fit, 400 for one that cannot fit; the password is not repeated."""
    answer = MbsClient(box).sign_in(login, password)

    assert answer.status_code == status
    assert answer.json().keys() == {"Message"}
    assert len(str(password)) < 3 or str(password) not in answer.text


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"data": b"{not json", "headers": {"Content-Type": "application/json"}}, 400),
        ({"json": ["a", "b"]}, 400),
        ({"json": {"UserName": MSP360_LOGIN, "Password": MSP360_PASSWORD, "Tenant": "x"}}, 400),
        ({"json": {"username": MSP360_LOGIN, "password": MSP360_PASSWORD}}, 400),
        ({"data": b"<a/>", "headers": {"Content-Type": "application/xml"}}, 415),
    ],
)
def test_malformed_sign_ins_are_refused(box: SandboxServer, request_: dict[str, Any], status: int) -> None:
    """Whatever is not the two fields is refused."""
    assert MbsClient(box).call("POST", LOGIN, **request_).status_code == status


@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Basic YTpi", "Bearer"])
def test_calls_without_a_valid_token_are_refused(box: SandboxServer, header: str | None) -> None:
    """401 with a message."""
    headers = {} if header is None else {"Authorization": header}

    answer = requests.get(f"{box.base_url('msp360')}/api/Billing", headers=headers, timeout=10)

    assert (answer.status_code, answer.json()) == (
        401,
        {"Message": "Authorization has been denied for this request."},
    )


def test_a_token_ends_after_its_life(box: SandboxServer) -> None:
    """One second before it works, then it does not; a new sign-in does."""
    box.control.change_settings(msp360_token_s=3600)
    client = MbsClient(box)
    client.sign_in()

    box.control.move_clock(advance_s=3590)
    assert client.call("GET", "/api/Companies").status_code == 200
    box.control.move_clock(advance_s=20)
    assert client.call("GET", "/api/Companies").status_code == 401
    client.sign_in()
    assert client.call("GET", "/api/Companies").status_code == 200


def test_a_new_sign_in_does_not_end_older_tokens(box: SandboxServer) -> None:
    """Two workers may sign in side by side."""
    first, second = MbsClient(box), MbsClient(box)
    first.sign_in()
    second.sign_in()

    assert first.session.headers["Authorization"] != second.session.headers["Authorization"]
    assert first.call("GET", "/api/Companies").status_code == 200


def test_tokens_can_be_revoked(box: SandboxServer) -> None:
    """The fault ends all tokens before the request is handled."""
    client = MbsClient(box)
    client.sign_in()
    box.control.add_fault("revoke_token", system="msp360", endpoint="GET *")

    assert client.call("GET", "/api/Companies").status_code == 401
    client.sign_in()
    assert client.call("GET", "/api/Companies").status_code == 200
