"""How the ConnectWise hook signs its calls, finds the path of the release, and tells what is wrong."""

from __future__ import annotations

import base64
import json
from datetime import date
from typing import Any

import pytest

from billing_providers.errors import BadRequest, Forbidden, NotSent, SettingsError, SignInRefused
from billing_providers.hooks.connectwise import ConnectWiseHook
from billing_providers.model.changes import LineField
from billing_providers.model.psa import PsaHook, QuantityWrite
from tests.support.connections import set_connection
from tests.support.connectwise_tenant import (
    CLIENT_ID,
    COMPANY_INFO,
    CwTenant,
    directory,
    forbidden,
    hook_of,
    not_found,
)
from tests.support.scripted_http import FrozenTime, reply

BASIC = "aGFyYm91cm1zcCtwdWJLZXktMTIzNDU2Nzpwcml2S2V5LTc2NTQzMjE="  # harbourmsp+pubKey-1234567:privKey-7654321
COMPANIES = "GET /company/companies"


def test_every_call_is_signed_and_asks_for_the_model_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Company, public and private key as Basic, the client id beside it, and one version of the models."""
    tenant = CwTenant(directory())

    hook_of(monkeypatch, tenant).read_directory(contract_type="")

    signed = [request for request in tenant.server.requests if COMPANY_INFO not in (request.url or "")]
    assert len(signed) == 9
    assert {request.headers["Authorization"] for request in signed} == {f"Basic {BASIC}"}
    assert {request.headers["clientId"] for request in signed} == {CLIENT_ID}
    assert {request.headers["Accept"] for request in signed} == {
        "application/vnd.connectwise.com+json; version=2025.8, application/json"
    }
    assert base64.b64decode(BASIC) == b"harbourmsp+pubKey-1234567:privKey-7654321"


def test_another_model_version_may_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenant on an older release names its own; anything else is refused before it stands in a header."""
    tenant = CwTenant(directory())

    hook_of(monkeypatch, tenant, api_version="2024.1").read_directory(contract_type="")

    assert (
        tenant.sent(COMPANIES)[0].headers["Accept"].startswith("application/vnd.connectwise.com+json; version=2024.1,")
    )
    with pytest.raises(SettingsError, match="api_version: is no model version; got 'latest'"):
        hook_of(monkeypatch, tenant, api_version="latest").capabilities()


def test_the_codebase_is_asked_for_once_and_unsigned(monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of the release is no setting that a person must know; no key is sent to find it."""
    tenant = CwTenant(directory())
    hook = hook_of(monkeypatch, tenant)

    hook.read_directory(contract_type="")
    hook.read_directory(contract_type="")

    (asked,) = tenant.sent(f"GET {COMPANY_INFO}")
    assert "Authorization" not in asked.headers
    assert "clientId" not in asked.headers
    assert len(tenant.sent(COMPANIES)) == 2


def test_a_configured_codebase_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """With or without the slash that the server prints."""
    for configured in ("v2026_4", "v2026_4/"):
        tenant = CwTenant(directory())

        hook_of(monkeypatch, tenant, codebase=configured).read_directory(contract_type="")

        assert tenant.sent(f"GET {COMPANY_INFO}") == []
        assert len(tenant.sent(COMPANIES)) == 1


@pytest.mark.parametrize("answer", [reply(None), not_found()], ids=["null", "404"])
def test_an_unknown_company_is_a_setting(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The company is named with the place where it is set; nothing is signed for it."""
    tenant = CwTenant({"companyinfo": answer})
    hook = hook_of(monkeypatch, tenant)

    with pytest.raises(SettingsError) as caught:
        hook.read_directory(contract_type="")

    assert str(caught.value) == (
        "connection cw: company_id: https://api-eu.example knows no such company; got 'harbourmsp'; "
        "allowed: the company that is typed at the ConnectWise login, at the host of its own region"
    )
    assert hook.test_connection() == (False, str(caught.value))
    assert [request for request in tenant.server.requests if "Authorization" in request.headers] == []


def test_a_company_whose_codebase_cannot_be_asked_for_gets_no_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 7: when the question for the path fails, the write itself had not left."""
    tenant = CwTenant({"companyinfo": reply(b"<html>", 502)})
    hook = hook_of(monkeypatch, tenant)

    with pytest.raises(NotSent, match="the codebase could not be asked for"):
        hook.read_directory(contract_type="")


def test_after_an_upgrade_the_call_follows_on_the_new_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 404 of the old path means not applied: the codebase is asked for again, and the call repeated once."""
    tenant = CwTenant(directory())
    hook = hook_of(monkeypatch, tenant)
    before = hook.read_directory(contract_type="")
    tenant.codebase = "v2026_5"

    assert hook.read_directory(contract_type="") == before

    assert len(tenant.sent(f"GET {COMPANY_INFO}")) == 2
    assert len(tenant.sent(COMPANIES)) == 1


def test_a_404_asks_for_the_codebase_once_a_minute_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenant with many lines that are gone is not asked as many times for its release."""
    time = FrozenTime()
    tenant = CwTenant({})
    hook = hook_of(monkeypatch, tenant, time, codebase="v2026_4")
    asked = []
    for wait_s in (0.0, 59.0, 2.0):
        time.now += wait_s
        with pytest.raises(BadRequest):
            hook.read_directory(contract_type="")
        asked.append(len(tenant.sent(f"GET {COMPANY_INFO}")))

    assert asked == [1, 1, 2]


def test_a_404_stays_a_404_when_the_codebase_cannot_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trouble with the second question does not replace the answer to the first."""
    tenant = CwTenant({"companyinfo": reply(None)})

    with pytest.raises(BadRequest) as caught:
        hook_of(monkeypatch, tenant, codebase="v2026_4").read_directory(contract_type="")

    assert caught.value.status == 404


def test_refused_keys_are_told_at_the_first_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code 17 names what may be wrong, once, without the keys."""
    refusal = reply({"code": "Unauthorized", "message": f"Bad key {BASIC} of pubKey-1234567"}, 401)
    tenant = CwTenant({**directory(), COMPANIES: refusal})
    hook = hook_of(monkeypatch, tenant)

    with pytest.raises(SignInRefused) as caught:
        hook.read_directory(contract_type="")

    assert caught.value.finding_number == 17
    assert "public key, private key, client id or company_id is wrong" in str(caught.value)
    assert "Bad key *** of ***" in str(caught.value)
    assert len(tenant.sent(COMPANIES)) == 1
    assert hook.test_connection()[0] is False


def test_a_404_before_anything_worked_may_be_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cloud answers refused keys with 404; afterwards a 404 is about the record alone."""
    tenant = CwTenant({})
    hook = hook_of(monkeypatch, tenant)

    works, text = hook.test_connection()

    assert works is False
    assert "the cloud answers 404 also to keys that it does not accept" in text
    tenant.answers = {**directory(), "GET /procurement/catalog": not_found()}
    with pytest.raises(BadRequest) as caught:
        hook.read_directory(contract_type="")
    assert "keys" not in str(caught.value)


def test_a_403_to_everything_may_be_the_client_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that may read nothing at all is less likely than a client id that is wrong."""
    paths = ("/company/companies", "/finance/agreements", "/procurement/catalog")
    tenant = CwTenant({f"GET {path}": forbidden() for path in paths})
    hook = hook_of(monkeypatch, tenant)

    works, text = hook.test_connection()

    assert works is False
    assert text.endswith("Procurement > Product Catalog: inquire all; or the client id is not known to the server.")
    with pytest.raises(Forbidden, match="a server answers 403 also to a client id that it does not know"):
        hook.read_directory(contract_type="")


def test_airflow_is_told_every_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 14: both keys, the client id and what the header holds are masked in every log, whoever writes it."""
    told: list[object] = []
    monkeypatch.setattr("airflow.sdk.log.mask_secret", lambda secret, name=None: told.append(secret))

    hook_of(monkeypatch, CwTenant(directory()))

    for secret in ("pubKey-1234567", "privKey-7654321", CLIENT_ID, BASIC):
        assert secret in told


@pytest.mark.parametrize(
    ("host", "api_host"),
    [
        ("https://na.myconnectwise.net", "https://api-na.myconnectwise.net"),
        ("eu.myconnectwise.net", "https://api-eu.myconnectwise.net"),
        ("https://AU.myconnectwise.net/", "https://api-au.myconnectwise.net"),
        ("https://aus.myconnectwise.net", "https://api-aus.myconnectwise.net"),
        ("https://za.myconnectwise.net", "https://api-za.myconnectwise.net"),
        ("https://staging.connectwisedev.com", "https://api-staging.connectwisedev.com"),
        ("https://cw.example/v4_6_release/apis/3.0", "https://cw.example"),
    ],
)
def test_a_host_that_is_not_the_apis_is_refused(host: str, api_host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host of the pages is what people know, so the message names the right one."""
    extra = {"company_id": "harbourmsp", "client_id": CLIENT_ID}
    set_connection(monkeypatch, "cw", host=host, login="a-public", password="a-private", extra=extra)

    with pytest.raises(SettingsError) as caught:
        _ = ConnectWiseHook("cw").tenant_key

    assert str(caught.value).endswith(f"allowed: {api_host}")


def test_the_tenant_key_ignores_case_and_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two spellings of one tenant must meet at one lock."""
    extra = {"company_id": "HarbourMSP ", "client_id": CLIENT_ID}
    set_connection(monkeypatch, "cw", host="https://API-EU.example/x/", login="p", password="q", extra=extra)

    assert ConnectWiseHook("cw").tenant_key == "connectwise:harbourmsp@api-eu.example"


def test_what_is_offered_is_known_without_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every tenant sets quantities and fields of additions; lists may lag five minutes."""
    tenant = CwTenant({})
    hook = hook_of(monkeypatch, tenant)

    offered = hook.capabilities()

    assert isinstance(hook, PsaHook)
    assert (offered.quantity_write, offered.reads_quantity, offered.adds_lines, offered.whole_units) == (
        QuantityWrite.SET,
        True,
        True,
        False,
    )
    assert (offered.strategy, offered.sets, offered.lists_lag_s) == ("additions", frozenset(LineField), 300.0)
    assert hook.requests_in_flight_max == 4
    assert tenant.server.requests == []


def test_testing_the_connection_names_version_and_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    """What every run needs is missing; what only helps is said; edit rights show at the first write."""
    agreement = {"id": 11, "name": "Managed"}
    tenant = CwTenant(
        {
            **directory(agreements=[agreement]),
            "GET /finance/agreements/11/additions": reply([]),
            "GET /system/info": reply({"version": "v2026.4.1"}),
            "GET /system/audittrail": reply([]),
            "GET /finance/invoices": forbidden(),
        }
    )
    hook = hook_of(monkeypatch, tenant)

    works, text = hook.test_connection()

    assert works is True
    assert text.startswith(
        "Read connectwise:harbourmsp@api-eu.example (server version v2026.4.1). It would help to have:"
    )
    assert "Finance > Invoicing: inquire (only for checking invoices afterwards)." in text
    assert hook.capabilities().explanation in text
    assert "may edit and add shows at the first write" in text

    tenant.answers |= {"GET /finance/agreements/11/additions": forbidden(), "GET /procurement/catalog": forbidden()}
    works, text = hook.test_connection()

    assert works is False
    assert text.endswith(
        "The member's role lacks: Procurement > Product Catalog: inquire all; "
        "Finance > Agreements: inquire all (additions)."
    )
    assert {request.method for request in tenant.server.requests} == {"GET"}


def test_a_wrong_way_to_read_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typing error does not silently turn bundles on or off."""
    with pytest.raises(SettingsError, match="bundles: is no way to read; got 'never'; allowed: auto or off"):
        hook_of(monkeypatch, CwTenant({}), bundles="never").capabilities()


def test_a_codebase_that_is_no_part_of_a_path_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither from the connection nor from the server does a text lead elsewhere."""
    with pytest.raises(SettingsError, match=r"codebase: is no codebase; got 'v4/\.\./x'"):
        hook_of(monkeypatch, CwTenant({}), codebase="v4/../x").capabilities()
    tenant = CwTenant({"companyinfo": reply({"Codebase": "https://elsewhere.example/"})})
    with pytest.raises(NotSent, match="no usable Codebase"):
        hook_of(monkeypatch, tenant).read_directory(contract_type="")


def test_keys_never_stand_in_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 14: an error body that repeats the keys in any form comes out clean."""
    echo = {"message": f"clientId {CLIENT_ID} key privKey-7654321 header {BASIC}"}
    tenant = CwTenant({**directory(), COMPANIES: reply(echo, 400)})
    hook = hook_of(monkeypatch, tenant)

    with pytest.raises(BadRequest) as caught:
        hook.read_directory(contract_type="")

    shown = json.dumps([str(caught.value), caught.value.body, hook.test_connection()[1], repr(hook.client.sign_in)])
    for secret in ("pubKey-1234567", "privKey-7654321", CLIENT_ID, BASIC):
        assert secret not in shown


def test_a_limit_that_is_reached_is_not_told_as_a_missing_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 429 says nothing about rights: the server's word is told instead of sending a person to the role."""
    tenant = CwTenant({**directory(), "GET /finance/invoices": reply({"message": "slow down"}, 429)})

    works, text = hook_of(monkeypatch, tenant).test_connection()

    assert works is False
    assert "slow down" in text
    assert "Invoicing" not in text


@pytest.mark.parametrize(
    ("asked", "served", "today", "said"),
    [
        ("2025.8", "2025.8", date(2026, 12, 31), ()),
        ("2025.8", "", date(2026, 12, 31), ()),
        ("2025.8", "2025.8", date(2027, 1, 1), ("model version 2025.8 is from 2025 and may end soon",)),
        ("2025.8", "2026.4", date(2026, 1, 1), ("version 2025.8 was asked for and the server answers with 2026.4",)),
    ],
)
def test_a_model_version_that_is_old_or_not_served_is_advice(
    asked: str, served: str, today: date, said: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told while everything still works."""
    named = {"api_current_version": served} if served else {}
    tenant = CwTenant({**directory(), "GET /procurement/catalog": reply([], **named)})
    hook = hook_of(monkeypatch, tenant, api_version=asked)
    hook.read_directory(contract_type="")

    advice = hook.advice(today)

    assert len(advice) == len(said)
    assert all(text.startswith(begin) for text, begin in zip(advice, said, strict=True))
