"""The token of the simulated Datto RMM, who may read what, and how much is read at once."""

from __future__ import annotations

import pytest
import requests

from billing_providers.sandbox.credentials import DATTO_API_KEY, DATTO_API_SECRET
from billing_providers.sandbox.server import SandboxServer
from tests.support.rmm_clients import TIMEOUT_S, RmmClient

_KEYS = {"username": DATTO_API_KEY, "password": DATTO_API_SECRET}


def test_a_token_is_given_for_key_and_secret(box: SandboxServer) -> None:
    """The password grant of the public client; the token lives 100 hours."""
    answer = RmmClient(box).sign_in().json()

    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 360_000)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"secret": "wrong"}, 400, "invalid_grant"),
        ({"key": "NOBODY"}, 400, "invalid_grant"),
        ({"client": ("public-client", "private")}, 401, "unauthorized"),
        ({"client": None}, 401, "unauthorized"),
    ],
)
def test_wrong_sign_ins_get_no_token(box: SandboxServer, change: dict[str, object], status: int, code: str) -> None:
    """Key, secret and client are all looked at."""
    answer = RmmClient(box).sign_in(**change)  # type: ignore[arg-type]

    assert (answer.status_code, answer.json()["error"]) == (status, code)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"data": {"grant_type": "client_credentials"}}, 400),
        ({"data": {"grant_type": "password", "username": "a", "password": "b", "scope": "all"}}, 400),
        ({"data": [("grant_type", "password"), ("grant_type", "password"), *_KEYS.items()]}, 400),
        ({"data": "grant_type=password"}, 415),
        ({"json": {"grant_type": "password"}}, 415),
    ],
)
def test_only_the_password_grant_as_a_form_is_taken(
    box: SandboxServer, request_: dict[str, object], status: int
) -> None:
    """Other grants, unknown fields and other content types are refused."""
    answer = requests.post(
        f"{box.base_url('datto_rmm')}/auth/oauth/token",
        auth=("public-client", "public"),
        timeout=TIMEOUT_S,
        **request_,  # type: ignore[arg-type]
    )

    assert answer.status_code == status


def test_a_token_ends_after_a_hundred_hours(box: SandboxServer, rmm: RmmClient) -> None:
    """An expired token is a 401, and a new sign-in helps."""
    box.control.move_clock(advance_s=359_990)
    assert rmm.call("/v2/account").status_code == 200

    box.control.move_clock(advance_s=20)

    refused = rmm.call("/v2/account")
    assert refused.status_code == 401
    assert refused.json() == {
        "timestamp": refused.json()["timestamp"], "status": 401, "error": "Unauthorized", "path": "/v2/account",
    }  # fmt: skip
    rmm.sign_in()
    assert rmm.call("/v2/account").status_code == 200


def test_older_tokens_stay_valid_until_they_are_revoked(box: SandboxServer, rmm: RmmClient) -> None:
    """A second sign-in takes nothing away; the fault ends all tokens."""
    first = str(rmm.session.headers["Authorization"]).removeprefix("Bearer ")
    rmm.sign_in()
    rmm.use(first)
    assert rmm.call("/v2/account").status_code == 200

    box.control.add_fault("revoke_token", system="datto_rmm")

    assert rmm.call("/v2/account").status_code == 401
    assert rmm.sign_in().status_code == 200


def test_a_token_is_a_bearer_token(rmm: RmmClient) -> None:
    """Under another scheme it opens nothing."""
    token = str(rmm.session.headers["Authorization"]).removeprefix("Bearer ")
    rmm.session.headers["Authorization"] = f"Basic {token}"

    assert rmm.call("/v2/account").status_code == 401


def test_the_status_needs_no_token(box: SandboxServer) -> None:
    """Everything else does."""
    client = RmmClient(box)

    assert client.get("/v2/system/status")["status"] == "OK"
    assert client.call("/v2/system/pagination").status_code == 401


@pytest.mark.parametrize(
    ("key", "allowed", "refused"),
    [
        ("HMSPNOFILTERS001", "/v2/account/devices", "/v2/filter/custom-filters"),
        ("HMSPNODEVICES001", "/v2/account/sites", "/v2/account/devices"),
    ],
)
def test_a_missing_right_is_a_403(box: SandboxServer, key: str, allowed: str, refused: str) -> None:
    """What the user may not see is refused; its other reads and the limits are not."""
    client = RmmClient(box)
    client.sign_in(key)

    assert client.call(allowed).status_code == 200
    assert (client.call(refused).status_code, client.call(refused).json()["error"]) == (403, "Forbidden")
    assert client.call("/v2/system/request_rate").status_code == 200


def test_more_reads_than_the_limit_are_refused(box: SandboxServer, rmm: RmmClient) -> None:
    """429 says after how many seconds the next read is taken; the rate tells what is used."""
    box.control.change_settings(datto_reads_per_minute=3)
    rate = rmm.get("/v2/system/request_rate")
    assert (rate["accountCount"], rate["accountRateLimit"], rate["slidingTimeWindowSizeSeconds"]) == (1, 3, 60)
    assert [rmm.call("/v2/account").status_code for _ in range(3)] == [200, 200, 429]

    refused = rmm.call("/v2/account")

    assert 0 < int(refused.headers["Retry-After"]) <= 61
    assert refused.json()["error"] == "Too Many Requests"
    box.control.move_clock(advance_s=61)
    assert rmm.call("/v2/account").status_code == 200


def test_the_limit_is_the_account_s(box: SandboxServer, rmm: RmmClient) -> None:
    """Another token of another user takes from the same budget; the token itself is free."""
    box.control.change_settings(datto_reads_per_minute=2)
    other = RmmClient(box)
    other.sign_in("HMSPNOFILTERS001")

    assert [rmm.call("/v2/account").status_code, other.call("/v2/account").status_code] == [200, 200]
    assert other.call("/v2/account").status_code == 429


def test_a_persistent_breach_shuts_the_client_out(box: SandboxServer, rmm: RmmClient) -> None:
    """Then everything is a 403 for five minutes, the token and the limits too, as a missing right is."""
    box.control.change_settings(datto_reads_per_minute=1, datto_block_after=2)
    assert [rmm.call("/v2/account").status_code for _ in range(4)] == [200, 429, 429, 403]

    assert rmm.call("/v2/system/request_rate").status_code == 403
    assert rmm.call("/v2/system/status").status_code == 403
    assert rmm.sign_in().status_code == 403
    box.control.move_clock(advance_s=299)
    assert rmm.call("/v2/account").status_code == 403
    box.control.move_clock(advance_s=2)
    assert rmm.call("/v2/account").status_code == 200


def test_after_a_shut_out_refusals_are_counted_anew(box: SandboxServer, rmm: RmmClient) -> None:
    """A short shut-out is not followed by another one at the first refusal."""
    box.control.change_settings(datto_reads_per_minute=1, datto_block_after=1, datto_block_s=5)
    assert [rmm.call("/v2/account").status_code for _ in range(3)] == [200, 429, 403]

    box.control.move_clock(advance_s=6)

    assert [rmm.call("/v2/account").status_code for _ in range(2)] == [429, 403]


def test_waiting_between_refusals_shuts_nobody_out(box: SandboxServer, rmm: RmmClient) -> None:
    """Only refused reads of the last minute make a breach persistent."""
    box.control.change_settings(datto_reads_per_minute=1, datto_block_after=1)
    seen = []
    for _ in range(4):
        seen += [rmm.call("/v2/account").status_code, rmm.call("/v2/account").status_code]
        box.control.move_clock(advance_s=61)

    assert seen == [200, 429] * 4
