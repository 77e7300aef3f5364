"""The token of the simulated Sherweb, its scopes, the subscription key, and how much is read at once."""

from __future__ import annotations

import pytest
import requests

from billing_providers.sandbox.credentials import SHERWEB_SUBSCRIPTION_KEY
from billing_providers.sandbox.server import SandboxServer
from tests.support.sherweb_clients import KEY, PAYABLE, PROVIDER, TIMEOUT_S, SherwebClient


def test_a_token_is_given_for_id_and_secret(box: SandboxServer) -> None:
    """Client credentials; exactly the three published fields are answered."""
    answer = SherwebClient(box).ask_token()

    told = answer.json()
    assert (answer.status_code, told.keys()) == (200, {"access_token", "expires_in", "token_type"})
    assert (told["expires_in"], told["token_type"]) == (3600, "Bearer")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": "somebody"}, "invalid_client"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "distributor service-provider"}, "invalid_scope"),
        ({"scope": None}, "invalid_request"),
        ({"client_secret": None}, "invalid_request"),
        ({"audience": "all"}, "invalid_request"),
    ],
)
def test_wrong_sign_ins_get_no_token(box: SandboxServer, changes: dict[str, str | None], code: str) -> None:
    """Every field is looked at, and OAuth's own body says which one is wrong."""
    answer = SherwebClient(box).ask_token(**changes)

    assert (answer.status_code, answer.json()) == (400, {"error": code})


def test_both_scopes_at_once_may_be_taken(box: SandboxServer) -> None:
    """Whether the real one takes them is not known: a setting."""
    box.control.change_settings(sherweb_several_scopes=True)
    client = SherwebClient(box)
    client.tokens["distributor"] = client.ask_token(scope="distributor service-provider").json()["access_token"]

    assert client.call(PAYABLE).status_code == 200
    headers = {**KEY, "Authorization": f"Bearer {client.tokens['distributor']}"}
    assert client.call(f"{PROVIDER}/customers", headers=headers).status_code == 200


def test_a_token_is_asked_for_with_a_form(box: SandboxServer) -> None:
    """JSON is another media type."""
    answer = requests.post(
        f"{box.base_url('sherweb')}/auth/oidc/connect/token", json={"scope": "distributor"}, headers=KEY, timeout=20
    )

    assert answer.status_code == 415


def test_the_token_needs_the_key_unless_told_otherwise(box: SandboxServer) -> None:
    """The description says so; two clients send none."""
    client = SherwebClient(box)

    assert client.ask_token({}).status_code == 401
    box.control.change_settings(sherweb_key_at_token=False)
    assert client.ask_token({}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({}, "Access denied due to missing subscription key."),
        ({"Ocp-Apim-Subscription-Key": "wrong"}, "Access denied due to invalid subscription key."),
    ],
)
def test_a_read_needs_the_key(sherweb: SherwebClient, headers: dict[str, str], detail: str) -> None:
    """A token alone opens nothing."""
    token = {"Authorization": f"Bearer {sherweb.tokens['distributor']}"}

    answer = sherweb.call(PAYABLE, headers={**headers, **token})

    assert (answer.status_code, answer.json()["detail"]) == (401, detail)


def test_the_key_may_stand_in_the_query(sherweb: SherwebClient) -> None:
    """The description allows both places."""
    token = {"Authorization": f"Bearer {sherweb.tokens['distributor']}"}

    assert sherweb.call(PAYABLE, headers=token, params={"subscription-key": SHERWEB_SUBSCRIPTION_KEY}).ok


def test_a_token_is_good_for_its_scope_alone(sherweb: SherwebClient) -> None:
    """The distributor's token is a 403 at the service provider, and the other way round."""
    sherweb.tokens = {"distributor": sherweb.tokens["service-provider"], "service-provider": "nothing"}

    assert sherweb.call(PAYABLE).status_code == 403
    assert sherweb.call(f"{PROVIDER}/customers").status_code == 401


def test_a_token_ends_after_an_hour(box: SandboxServer, sherweb: SherwebClient) -> None:
    """An expired token is a 401, and a new sign-in helps."""
    box.control.move_clock(advance_s=3590)
    assert sherweb.call(PAYABLE).status_code == 200

    box.control.move_clock(advance_s=20)

    assert sherweb.call(PAYABLE).status_code == 401
    sherweb.sign_in()
    assert sherweb.call(PAYABLE).status_code == 200


def test_older_tokens_stay_valid_until_they_are_revoked(box: SandboxServer, sherweb: SherwebClient) -> None:
    """A second sign-in takes nothing away; the fault ends all tokens."""
    sherweb.ask_token()
    assert sherweb.call(PAYABLE).status_code == 200

    box.control.add_fault("revoke_token", system="sherweb")

    assert sherweb.call(PAYABLE).status_code == 401


def test_more_calls_than_the_limit_say_in_words_how_long_to_wait(box: SandboxServer, sherweb: SherwebClient) -> None:
    """429: the seconds stand in ``detail`` and in no header; after them the next call is taken."""
    box.control.change_settings(sherweb_requests_per_minute=2)
    assert [sherweb.call(PAYABLE).status_code for _ in range(3)] == [200, 200, 429]

    refused = sherweb.call(PAYABLE)

    words = refused.json()["detail"]
    assert words.startswith("Rate limit is exceeded. Try again in ")
    seconds = int(words.removesuffix(" seconds.").rpartition(" ")[2])
    assert 50 <= seconds <= 61
    assert "Retry-After" not in refused.headers
    box.control.move_clock(advance_s=seconds)
    assert sherweb.call(PAYABLE).status_code == 200


def test_the_connection_signs_in(box: SandboxServer) -> None:
    """What the sandbox offers as a connection is all that a client needs."""
    told = box.connections()["sherweb_default"]

    answer = requests.post(
        f"{told['host']}/auth/oidc/connect/token",
        data={
            "client_id": told["login"], "client_secret": told["password"],
            "scope": "distributor", "grant_type": "client_credentials",
        },
        headers={"Ocp-Apim-Subscription-Key": told["extra"]["subscription_key"]},
        timeout=TIMEOUT_S,
    )  # fmt: skip

    assert (told["conn_type"], answer.status_code) == ("sherweb", 200)
