"""How the Autotask hook finds its zone, signs its calls, tells faults apart, and stays below the tenant's threshold."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from requests.exceptions import ConnectTimeout, ReadTimeout

from billing_providers.errors import (
    BadRequest,
    BudgetExhausted,
    Forbidden,
    NoAnswer,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    RequestError,
    ServerFault,
    SettingsError,
    SignInRefused,
    Unreachable,
    UnreadableAnswer,
)
from billing_providers.hooks.at.keys import AtKeys
from billing_providers.hooks.autotask import AutotaskHook
from billing_providers.model.changes import LineField
from billing_providers.model.psa import PsaHook, QuantityWrite
from tests.support.autotask_tenant import (
    ADJUST,
    ASK,
    CODE,
    DISCOVERY,
    SECRET,
    THRESHOLD,
    USER,
    ZONE,
    AtServer,
    company,
    contract,
    hook_of,
    line,
    refused,
    units,
    units_change,
    used,
)
from tests.support.connections import set_connection
from tests.support.scripted_http import FrozenTime, reply

COMPANIES = "POST /Companies/query"
WROTE = reply({"itemId": None})


def tenant_of(**answers: Any) -> AtServer:
    """Return a tenant with one company, contract and line."""
    return AtServer(
        {
            "Companies": [company()],
            "Contracts": [contract()],
            "ContractServices": [line(1)],
            "ContractServiceUnits": [units(1, 1, "2026-11-01", "2026-11-30", 5)],
        },
        answers,
    )


def moved(to: str) -> Any:
    return reply({"zoneName": "EU1", "url": f"{to}/", "webUrl": "", "ci": 2})


def test_the_zone_is_asked_for_once_and_unsigned_and_everything_else_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The discovery server learns the user's name alone; the zone gets three headers on every call."""
    tenant = tenant_of()
    hook = hook_of(monkeypatch, tenant)

    hook.read_directory(contract_type="")
    hook.read_directory(contract_type="")

    (asked,) = tenant.sent(ASK)
    assert asked.url == f"{DISCOVERY}/atservicesrest/v1.0/zoneInformation?user=billing%40acme.example"
    assert not {"Secret", "ApiIntegrationCode", "UserName"} & asked.headers.keys()
    others = [request for request in tenant.requests if request is not asked]
    assert all((request.url or "").startswith(f"{ZONE}/V1.0/") for request in others)
    assert {
        (request.headers["UserName"], request.headers["Secret"], request.headers["ApiIntegrationCode"])
        for request in others
    } == {(USER, SECRET, CODE)}


@pytest.mark.parametrize(
    ("told", "used"),
    [
        ("https://webservices5.autotask.net/ATServicesRest/", "https://webservices5.autotask.net/ATServicesRest"),
        ("HTTPS://WebServices16.Autotask.NET/atservicesrest", "https://webservices16.autotask.net/atservicesrest"),
        ("https://webservices29.autotask.net/", "https://webservices29.autotask.net/ATServicesRest"),
    ],
)
def test_a_zone_is_understood_however_it_is_spelled(told: str, used: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With or without slash, path or capitals, calls go to one and the same place."""
    tenant = tenant_of(**{ASK: reply({"url": told})})

    hook_of(monkeypatch, tenant).read_directory(contract_type="")

    assert (tenant.sent(COMPANIES)[0].url or "").startswith(f"{used}/V1.0/")


def test_keys_are_not_sent_to_a_server_of_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the discovery answers: a zone lies in its own domain, is spoken to by https, and is a REST service."""
    for told in ("https://evil.example/ATServicesRest/", "http://webservices5.autotask.net/ATServicesRest/"):
        tenant = tenant_of(**{ASK: reply({"url": told})})
        with pytest.raises(SettingsError):
            hook_of(monkeypatch, tenant).read_directory(contract_type="")

        assert [request.headers.get("Secret") for request in tenant.requests] == [None]
    with pytest.raises(SettingsError, match="zone_url: is no base URL of Autotask's REST services"):
        hook_of(monkeypatch, tenant_of(), zone_url="https://ww5.autotask.net/Mvc").capabilities()
    with pytest.raises(SettingsError, match="zone_url: holds a query"):
        hook_of(monkeypatch, tenant_of(), zone_url="https://webservices5.autotask.net/?user=x").capabilities()


def test_a_zone_that_a_person_gave_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is neither asked for nor replaced, and a refusal names it as a possible cause."""
    tenant = tenant_of(**{COMPANIES: reply({}, 401)})
    hook = hook_of(monkeypatch, tenant, zone_url="https://webservices6.autotask.net")

    with pytest.raises(SignInRefused, match="integration code or zone_url is wrong"):
        hook.read_directory(contract_type="")

    assert tenant.sent(ASK) == []
    assert tenant.sent(COMPANIES)[0].url == "https://webservices6.autotask.net/ATServicesRest/V1.0/Companies/query"


@pytest.mark.parametrize("trouble", [reply({}, 401), refused("no such path", 404), ConnectTimeout("away")], ids=str)
def test_a_tenant_that_moved_is_found_in_the_middle_of_a_run(trouble: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that the old zone turned away follows in the new one, once: it cannot have been applied."""
    elsewhere = "https://webservices29.autotask.net/ATServicesRest"
    old, time = [trouble], FrozenTime()

    def adjust(request: Any) -> Any:
        if (request.url or "").startswith(elsewhere):
            return WROTE
        if isinstance(old[0], Exception):
            raise old[0]
        return old[0]

    tenant = tenant_of(**{ADJUST: adjust})
    hook = hook_of(monkeypatch, tenant, time)
    hook.read_directory(contract_type="")
    time.now += 61
    tenant.answers[ASK] = moved(elsewhere)

    hook.write_line(units_change())

    assert [request.url for request in tenant.sent(ADJUST)][-1] == f"{elsewhere}/V1.0/Contracts/7001/ServiceAdjustments"
    assert len([request for request in tenant.sent(ADJUST) if elsewhere in (request.url or "")]) == 1
    assert len(tenant.sent(ASK)) == 2


def test_the_zone_is_asked_for_again_at_most_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A push with a thousand refused lines does not become two thousand requests."""
    time = FrozenTime()
    tenant = tenant_of(**{ADJUST: reply({}, 401)})
    hook = hook_of(monkeypatch, tenant, time)
    hook.read_directory(contract_type="")
    time.now += 61

    for _ in range(3):
        with pytest.raises(SignInRefused):
            hook.write_line(units_change())

    assert len(tenant.sent(ASK)) == 2
    assert len(tenant.sent(ADJUST)) == 3


def test_a_record_that_is_gone_is_no_reason_to_ask_for_the_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """404 by id is an answer."""
    time = FrozenTime()
    tenant = tenant_of()
    hook = hook_of(monkeypatch, tenant, time)
    hook.read_directory(contract_type="")
    time.now += 61

    assert hook.last_edit(units_change(contract_id="99")) == ""
    assert len(tenant.sent(ASK)) == 1


def test_without_a_zone_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trouble with the question leaves a write unsent, never unknown."""
    tenant = tenant_of(**{ASK: reply(b"<html>busy</html>", 503)})

    with pytest.raises(NotSent, match="the zone could not be asked for"):
        hook_of(monkeypatch, tenant).write_line(units_change())

    assert tenant.sent(ADJUST) == []


@pytest.mark.parametrize("told", [{}, {"url": None}, {"url": ""}], ids=str)
def test_an_answer_without_a_zone_is_the_servers_fault(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the connection is wrong, and nothing was sent."""
    with pytest.raises(NotSent, match=r"zoneInformation: url is (None|''), expected the base URL of the user's zone"):
        hook_of(monkeypatch, tenant_of(**{ASK: reply(told)})).write_line(units_change())


FAULTS = [
    (refused("effectiveDate must be between the start date and end date of the Contract"), BadRequest),
    (reply({"errors": ["negative"]}, 400), BadRequest),
    (reply({"Errors": ["negative"]}, 500), BadRequest),
    (reply({"errors": ["unknown field"]}), BadRequest),
    (refused("The logged in Resource does not have the adequate permissions to create this entity"), Forbidden),
    (reply({}, 403), Forbidden),
    (refused("IntegrationCode is invalid."), SignInRefused),
    (refused("Zone information could not be determined"), SignInRefused),
    (reply({}, 401), SignInRefused),
    (reply({"errors": []}, 500), ServerFault),
    (reply({"Message": "An error has occurred."}, 500), ServerFault),
    (refused("An error has occurred."), ServerFault),
    (refused("Execution Timeout Expired."), ServerFault),
    (reply(b"<html>Server Error</html>", 500), ServerFault),
    (refused("upstream gave up", 502), ServerFault),
    (refused("upstream gave up", 504), ServerFault),
    (refused("Itgenatr005: thread threshold of 3 exceeded", 504), ServerFault),
    (refused("IntegrationCode is invalid.", 502), ServerFault),
    (reply([1]), UnreadableAnswer),
    (reply({"ok": True}), UnreadableAnswer),
    (reply(b"<html></html>"), UnreadableAnswer),
    (refused("not offered", 405), BadRequest),
]


@pytest.mark.parametrize(("answer", "error"), FAULTS, ids=lambda value: getattr(value, "__name__", str(value)[:60]))
def test_what_a_fault_means_for_a_write(
    answer: Any, error: type[RequestError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 7: reasons under ``errors`` mean that nothing was applied; a server that broke down leaves it open."""
    tenant = tenant_of(**{ADJUST: answer})

    with pytest.raises(RequestError) as caught:
        hook_of(monkeypatch, tenant).write_line(units_change())

    assert type(caught.value) is error
    assert isinstance(caught.value, OutcomeUnknown) is (error in {ServerFault, UnreadableAnswer})
    assert len(tenant.sent(ADJUST)) == 1


def test_a_refusal_keeps_the_servers_words_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """People see why; keys are masked wherever a server repeats them."""
    tenant = tenant_of(**{ADJUST: reply({"errors": ["units: negative", f"by {SECRET} {CODE}"]}, 500)})

    with pytest.raises(BadRequest) as caught:
        hook_of(monkeypatch, tenant).write_line(units_change())

    assert "HTTP 500: refused: units: negative; by *** ***" in str(caught.value)
    assert SECRET not in caught.value.body
    assert CODE not in caught.value.body


@pytest.mark.parametrize(
    "busy",
    [
        refused("Itgenatr005: thread threshold of 3 exceeded for this object"),
        reply({"errors": ["The thread threshold has been exceeded"]}, 409),
        reply({}, 429, Retry_After="7"),
    ],
    ids=["500", "409", "429"],
)
def test_too_many_threads_are_waited_for_and_the_write_is_sent_again(
    busy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was turned away before anything was done, whatever its status; so it may follow."""
    time = FrozenTime()
    tenant = tenant_of(**{ADJUST: [busy, WROTE]})

    hook_of(monkeypatch, tenant, time).write_line(units_change())

    assert len(tenant.sent(ADJUST)) == 2
    assert sum(time.slept) > 0


def test_too_many_threads_for_too_long_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five tries, then it is said."""
    tenant = tenant_of(**{ADJUST: refused("Itgenatr005")})

    with pytest.raises(RateLimited, match=r"Itgenatr005.*sent 5 times"):
        hook_of(monkeypatch, tenant).write_line(units_change())


def test_an_answer_that_never_came_leaves_a_write_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 7: a difference is never sent blindly again."""
    tenant = tenant_of(**{ADJUST: ReadTimeout("silence")})

    with pytest.raises(NoAnswer):
        hook_of(monkeypatch, tenant).write_line(units_change())

    assert len(tenant.sent(ADJUST)) == 1


def test_above_nine_tenths_of_the_threshold_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit the API is off for the whole tenant, so the rest is left to others; the numbers are named."""
    tenant = tenant_of(**{THRESHOLD: [used(9000), used(8999)]})
    hook = hook_of(monkeypatch, tenant)

    with pytest.raises(BudgetExhausted, match="9000 of the tenant's 10000 requests per 60 minutes"):
        hook.write_line(units_change())
    assert tenant.sent(ADJUST) == []

    tenant.answers[ADJUST] = WROTE
    hook.write_line(units_change())
    assert len(tenant.sent(ADJUST)) == 1


def test_the_threshold_is_asked_for_again_on_a_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others use it up meanwhile: one question for every 250 requests."""
    tenant = tenant_of(**{THRESHOLD: [used(100), used(9500)], ADJUST: WROTE})
    hook = hook_of(monkeypatch, tenant)

    for _ in range(250):
        hook.write_line(units_change())
    with pytest.raises(BudgetExhausted):
        hook.write_line(units_change())

    assert len(tenant.sent(ADJUST)) == 250
    assert len(tenant.sent(THRESHOLD)) == 2


@pytest.mark.parametrize(
    "told", [refused("unknown path", 404), reply({"other": 1}), reply(b"<html>", 500), used(5, 0)], ids=str
)
def test_a_threshold_that_is_not_told_holds_nothing_up(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The question is a courtesy; a write is not unknown because of it."""
    tenant = tenant_of(**{THRESHOLD: told, ADJUST: WROTE})

    hook_of(monkeypatch, tenant).write_line(units_change())

    assert len(tenant.sent(ADJUST)) == 1


def test_all_processes_together_get_nine_tenths_of_what_the_server_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the ledger counts by: three in flight per entity, and the tenant's threshold, or the published one."""
    told = hook_of(monkeypatch, tenant_of(**{THRESHOLD: used(5, allowed=20_000)}))
    untold = hook_of(monkeypatch, tenant_of(**{THRESHOLD: refused("unknown path", 404)}))

    assert (told.shared_limits.in_flight_max, told.requests_per_hour(), untold.requests_per_hour()) == (
        3,
        18_000,
        9_000,
    )


def test_the_tenant_is_named_without_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two integrations with users of their own work on one tenant, and must not work at once."""
    tenant = tenant_of()
    hook = hook_of(monkeypatch, tenant)
    other = set_connection(monkeypatch, "two", login="RMM@Acme.Example", password="x", extra={"integration_code": "y"})

    assert hook.tenant_key == "autotask:acme.example@webservices.autotask.net"
    assert AutotaskHook(other).tenant_key == hook.tenant_key
    assert tenant.requests == []


def test_capabilities_are_told_without_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Differences from a day on, whole units, texts; no price of a line that exists."""
    tenant = tenant_of()
    hook = hook_of(monkeypatch, tenant)

    offered = hook.capabilities()

    assert isinstance(hook, PsaHook)
    assert (offered.quantity_write, offered.dates_quantities, offered.whole_units) == (QuantityWrite.DELTA, True, True)
    assert (offered.sets, offered.reads_lag_s) == ({LineField.INVOICE_TEXT}, 330)
    assert tenant.requests == []


def test_the_connection_test_tells_zone_version_usage_and_what_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it is asked for and none tried."""
    tenant = tenant_of(**{"GET /VersionInformation": reply({"apiVersions": ["1.0"]})})
    tenant.answers |= {f"GET /{entity}/entityInformation": reply({"info": {"name": entity}}) for entity in (
        "ContractServiceAdjustments", "ContractServiceBundleAdjustments")}  # fmt: skip
    hook = hook_of(monkeypatch, tenant)

    works, text = hook.test_connection()

    assert works is True
    assert "Read autotask:acme.example@webservices.autotask.net in zone America West, API version 1.0." in text
    assert "100 of 10000 requests per 60 minutes are used." in text
    assert hook.capabilities().explanation in text
    assert {request.method for request in tenant.requests} == {"GET"}


def test_the_connection_test_names_every_missing_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restricted counts as missing: a part of the rows would look like lines that are gone."""
    tenant = tenant_of()
    tenant.access |= {"Contracts": "None", "ContractServiceUnits": "Restricted"}
    none = reply({"info": {"canCreate": True, "userAccessForCreate": "None"}})
    tenant.answers |= {"GET /ContractServiceAdjustments/entityInformation": none}

    works, text = hook_of(monkeypatch, tenant).test_connection()

    assert works is False
    assert "lacks: Contracts: view all; ContractServiceUnits: view all; ContractServiceAdjustments: add" in text


def test_a_right_that_cannot_be_asked_for_counts_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some levels refuse even the question."""
    tenant = tenant_of(**{"GET /ContractServiceAdjustments/entityInformation": reply({}, 403)})

    works, text = hook_of(monkeypatch, tenant).test_connection()

    assert works is False
    assert "lacks: ContractServiceAdjustments: add" in text


def test_keys_do_not_show() -> None:
    """Not even where an object is printed."""
    shown = repr(AtKeys(USER, SECRET, CODE))

    assert (SECRET in shown, CODE in shown, USER in shown) == (False, False, True)
    assert AtKeys(USER, SECRET, CODE).renewed({}) is None


def test_what_would_only_help_does_not_stop_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices, invoices and texts on them are told apart from what a run needs."""
    tenant = tenant_of()
    tenant.access["ConfigurationItems"] = "None"
    kept = reply({"info": {"userAccessForQuery": "All", "canUpdate": True, "userAccessForUpdate": "None"}})
    tenant.answers["GET /ContractServices/entityInformation"] = kept
    tenant.answers |= {f"GET /{entity}/entityInformation": reply({"info": {"name": entity}}) for entity in (
        "ContractServiceAdjustments", "ContractServiceBundleAdjustments")}  # fmt: skip

    works, text = hook_of(monkeypatch, tenant).test_connection()

    assert works is True
    assert "It would help to have: ConfigurationItems: view (lines that devices drive are not told apart" in text
    assert "; ContractServices: change (only for invoice texts). Units are changed by" in text


def test_a_connection_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused keys, an unreachable server and an incomplete connection are words, not tracebacks."""
    unknown = hook_of(monkeypatch, tenant_of(**{ASK: refused("Zone information could not be determined")}))
    away = hook_of(monkeypatch, tenant_of(**{ASK: ConnectTimeout("away")}))
    empty = AutotaskHook(set_connection(monkeypatch, "empty", login=USER, password=SECRET))

    assert "user, secret, integration code is wrong" in unknown.test_connection()[1]
    assert "no connection could be made" in away.test_connection()[1]
    assert "Integration code is empty" in empty.test_connection()[1]
    assert {hook.test_connection()[0] for hook in (unknown, away, empty)} == {False}


def test_unreachable_everywhere_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write to a zone that does not listen was never sent."""
    tenant = tenant_of(**{ADJUST: ConnectTimeout("away")})

    with pytest.raises(Unreachable):
        hook_of(monkeypatch, tenant).write_line(units_change())


def test_the_last_edit_is_the_contracts(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """When, and that nobody can tell by whom; never an error."""
    told = hook_of(monkeypatch, AtServer({"Contracts": [contract(lastModifiedDateTime="2026-11-20T10:00:00Z")]}))
    refusing = hook_of(monkeypatch, tenant_of(**{"GET /Contracts/{id}": reply({}, 403)}))
    asked = units_change()

    assert told.last_edit(asked) == "at 2026-11-20T10:00:00Z: the contract, by whom and which line is not told"
    with caplog.at_level(logging.INFO):
        assert refusing.last_edit(asked) == ""
    assert hook_of(monkeypatch, tenant_of()).last_edit(asked) == ""
