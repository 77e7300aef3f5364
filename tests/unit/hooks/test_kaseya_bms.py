"""What the Kaseya BMS hook makes of answers that a real tenant may well give."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from requests import PreparedRequest

from billing_providers.errors import NotSent, SettingsError, SignInRefused, UnreadableAnswer
from billing_providers.hooks.kaseya_bms import KaseyaBmsHook
from billing_providers.model.changes import ChangeKind, LineChange
from billing_providers.model.psa import QuantityWrite, WriteReceipt
from tests.support.connections import set_connection
from tests.support.scripted_http import FrozenTime, Reply, ScriptedServer, reply

TOKEN = {"accessToken": "tok-1234567", "refreshToken": "ref-1234567", "accessTokenExpireOn": "2099-01-01T00:00:00Z"}
CHANGE = LineChange(
    change_id="c1",
    kind=ChangeKind.SET_QUANTITY,
    customer_codes=("ASP",),
    customer_names=("Aspen",),
    account_id="1",
    account_name="Aspen",
    contract_id="11",
    contract_name="Managed",
    service_id="5",
    service_name="MS365-BP",
    line_id="501",
    skus=("MS365-BP",),
    quantity_before=Decimal(3),
    quantity_after=Decimal(4),
    unit_cost=Decimal("1.10"),
    unit_price=Decimal("2.20"),
    effective_date=date(2026, 11, 26),
    line_version="",
    reason="",
    charge_nos=(),
)

Answers = dict[str, Callable[[dict[str, Any]], Reply] | Reply]


class Tenant:
    """A BMS tenant that answers a few paths; everything else is unknown to it."""

    def __init__(self, answers: Answers) -> None:
        self.answers: Answers = {"/v2/security/authenticate": reply({"success": True, "result": TOKEN}), **answers}
        self.server = ScriptedServer(self._answer)

    def _answer(self, request: PreparedRequest) -> Reply:
        url = urlsplit(request.url or "")
        answer = self.answers.get(url.path, reply(status=404))
        if isinstance(answer, tuple):
            return answer
        sent = {name: values[0] for name, values in parse_qs(url.query).items()}
        if request.body and "json" in request.headers["Content-Type"]:
            body = json.loads(request.body)
            sent |= body if isinstance(body, dict) else {"body": body}
        return answer(sent)

    def sent(self, path: str) -> list[PreparedRequest]:
        return [request for request in self.server.requests if urlsplit(request.url or "").path == path]


def enveloped(result: Any, total: int | None = None) -> Reply:
    """Return an answer in the usual envelope."""
    return reply({"success": True, "result": result} | ({} if total is None else {"totalRecords": total}))


def paged(rows: list[dict[str, Any]]) -> Callable[[dict[str, Any]], Reply]:
    """Return an answer that cuts rows into the pages that are asked for."""

    def answer(sent: dict[str, Any]) -> Reply:
        size = int(sent.get("PageSize") or sent["pageSize"])
        start = (int(sent.get("PageNumber") or sent["pageNumber"]) - 1) * size
        return enveloped(rows[start : start + size], len(rows))

    return answer


@pytest.fixture
def hook_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., KaseyaBmsHook]:
    """Return a hook that speaks to a tenant; keyword arguments are extra fields of its connection."""

    def made(tenant: Tenant, **extra: Any) -> KaseyaBmsHook:
        set_connection(
            monkeypatch,
            "bms",
            host="https://api.bms.example",
            login=" api ",
            password="pass-1234567 ",
            extra={"tenant": "Acme ", **extra},
        )
        hook = KaseyaBmsHook("bms", clocks=FrozenTime().clocks())
        hook.client.session.mount("https://", tenant.server)
        return hook

    return made


Hooks = Callable[..., KaseyaBmsHook]


def directory_of(accounts: list[Any], contracts: list[Any], lookup: Callable[[dict[str, Any]], Reply]) -> Tenant:
    return Tenant(
        {
            "/v2/crm/accounts/summary": paged(accounts),
            "/v2/finance/contracts/summary": paged(contracts),
            "/v2/admin/finance/services/search": paged([]),
            "/v2/finance/contracts/lookup": lookup,
        }
    )


def test_sign_in_sends_the_published_form(hook_of: Hooks) -> None:
    """Blanks around user and tenant are ignored; a password is sent as it is stored."""
    tenant = Tenant({"/v2/finance/contracts/summary": paged([])})

    hook_of(tenant, mfa_code="123456", line_api={}).capabilities()

    (request,) = tenant.sent("/v2/security/authenticate")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    body = (request.body or b"").decode() if isinstance(request.body, bytes) else request.body
    assert parse_qs(body) == {
        "GrantType": ["password"],
        "UserName": ["api"],
        "Password": ["pass-1234567 "],
        "Tenant": ["Acme"],
        "MFACode": ["123456"],
    }


def test_airflow_is_told_every_secret(hook_of: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 14: password, MFA code and the tokens of the run are masked in every log, whoever writes it."""
    told: list[object] = []
    monkeypatch.setattr("airflow.sdk.log.mask_secret", lambda secret, name=None: told.append(secret))
    tenant = Tenant({"/v2/finance/contracts/summary": paged([])})

    hook_of(tenant, mfa_code="123456", line_api="default").capabilities()

    for secret in ("pass-1234567 ", "123456", "tok-1234567", "ref-1234567"):
        assert secret in told


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (reply({"success": False, "error": {"message": "MFA code is required"}}), "needs an MFA code"),
        (reply({"success": False, "error": {"message": "User is locked out"}}, 401), "the user is locked"),
        (reply({"Success": False, "Error": {"Message": "Unknown tenant"}}, 400), "the tenant is wrong"),
        (reply({"success": False, "error": {"message": "no"}}, 401), "the stored password begins or ends with a blank"),
        (reply({}, 404), "the host does not offer the sign-in call"),
    ],
)
def test_a_refused_sign_in_tells_the_cause_and_no_password(answer: Reply, cause: str, hook_of: Hooks) -> None:
    """KS17: as far as the answer tells; and it is tried once."""
    tenant = Tenant({"/v2/security/authenticate": answer})
    hook = hook_of(tenant)

    with pytest.raises(SignInRefused, match=cause) as caught:
        hook.read_directory(contract_type="")

    assert caught.value.finding_number == 17
    assert "pass-1234567" not in str(caught.value)
    assert len(tenant.server.requests) == 1
    assert hook.test_connection()[0] is False


def test_the_tenant_key_ignores_case_and_path(hook_of: Hooks) -> None:
    """Two spellings of one tenant must meet at one lock."""
    assert hook_of(Tenant({})).tenant_key == "kaseya_bms:acme@api.bms.example"


def test_pascal_case_answers_are_read_too(hook_of: Hooks) -> None:
    """The API description prints PascalCase; tenants answer in camelCase."""
    account = {"Id": 1, "AccountCode": "ASP", "AccountName": "Aspen", "IsActive": True, "ParentId": 9}
    tenant = directory_of([account], [], lambda sent: enveloped([]))
    tenant.answers["/v2/crm/accounts/summary"] = reply({"Success": True, "Result": [account], "TotalRecords": 1})

    (found,) = hook_of(tenant).read_directory(contract_type="").accounts

    assert (found.account_id, found.code, found.name, found.active, found.parent_id) == ("1", "ASP", "Aspen", True, "9")


def test_a_contract_finds_its_account_although_its_row_has_no_account_id(hook_of: Hooks) -> None:
    """Law 4: by a unique name, else by asking each account of that name, else not at all; never the first."""
    accounts = [
        {"id": 1, "accountName": "Aspen", "isActive": True},
        {"id": 2, "accountName": "Twin", "isActive": True},
        {"id": 3, "accountName": "Twin", "isActive": False},
    ]
    names = {11: "Aspen", 12: "Twin", 13: "Twin", 14: "Twin", 15: "Nobody"}
    contracts = [{"id": key, "accountName": name, "status": "Active"} for key, name in names.items()]
    owned = {"2": [12, 14], "3": [13, 14]}  # 14 is claimed by both

    def lookup(sent: dict[str, Any]) -> Reply:
        ids = owned[sent["AccountId"]] if "AccountId" in sent else [11, 12, 13, 14]
        return enveloped([{"id": contract_id, "isActive": contract_id != 13} for contract_id in ids])

    tenant = directory_of(accounts, contracts, lookup)
    found = hook_of(tenant).read_directory(contract_type="").contracts

    assert {contract.contract_id: contract.account_id for contract in found} == {
        "11": "1",
        "12": "2",
        "13": "3",
        "14": "",
        "15": "",
    }
    assert {contract.contract_id: contract.active for contract in found if not contract.active} == {"13": False}
    assert len(tenant.sent("/v2/finance/contracts/lookup")) == 3


@pytest.mark.parametrize(
    ("printed", "meant"),
    [
        ("12.0", "12"),
        ("0.30000000000000004", "0.3"),
        ("4.333333333333333", "4.33333333333333"),
        ("1.2345678901234567E-05", "0.000012345678901235"),
        ("7", "7"),
    ],
)
def test_the_noise_of_doubles_is_not_taken_for_digits(printed: str, meant: str, hook_of: Hooks) -> None:
    """Prices and units are doubles on the wire; one odd price must not stop the reading of a catalogue."""
    service = f'{{"success":true,"totalRecords":1,"result":[{{"id":5,"name":"A","unitPrice":{printed}}}]}}'
    tenant = directory_of([], [], lambda sent: enveloped([]))
    tenant.answers["/v2/admin/finance/services/search"] = reply(service.encode())

    (found,) = hook_of(tenant).read_directory(contract_type="").services

    assert found.unit_price == Decimal(meant)


def test_all_pages_are_read_in_few_calls(hook_of: Hooks) -> None:
    """250 accounts are three calls, and every account comes once, in order."""
    accounts = [{"id": number, "accountName": f"A{number}", "isActive": True} for number in range(250)]
    tenant = directory_of(accounts, [], lambda sent: enveloped([]))

    found = hook_of(tenant).read_directory(contract_type="").accounts

    assert [account.account_id for account in found] == [str(number) for number in range(250)]
    assert len(tenant.sent("/v2/crm/accounts/summary")) == 3


@pytest.mark.parametrize(
    ("second_page", "total"),
    [(list(range(100, 149)), 150), (list(range(99, 149)), 150), ([], 150)],
    ids=["a row is missing", "a row comes twice", "the page is empty"],
)
def test_a_list_that_does_not_fit_its_total_is_an_error(second_page: list[int], total: int, hook_of: Hooks) -> None:
    """Law 3: a partial read is never taken for the whole, after one more try."""
    pages = {"1": list(range(100)), "2": second_page}

    def answer(sent: dict[str, Any]) -> Reply:
        rows = [{"id": number, "accountName": "A"} for number in pages[sent["PageNumber"]]]
        return enveloped(rows, total)

    tenant = directory_of([], [], lambda sent: enveloped([]))
    tenant.answers["/v2/crm/accounts/summary"] = answer

    with pytest.raises(UnreadableAnswer, match="the list is not complete"):
        hook_of(tenant).read_directory(contract_type="")

    assert len(tenant.sent("/v2/crm/accounts/summary")) == 4


@pytest.mark.parametrize(
    "row",
    [{"id": None, "accountName": "A"}, {"id": 1, "isActive": "yes"}, {"id": 1, "accountName": 7}],
    ids=["no id", "a flag that is a text", "a name that is a number"],
)
def test_a_field_of_another_type_is_an_error(row: dict[str, Any], hook_of: Hooks) -> None:
    """Law 3: what is not understood is never taken for nothing."""
    tenant = directory_of([], [], lambda sent: enveloped([]))
    tenant.answers["/v2/crm/accounts/summary"] = enveloped([row], 1)

    with pytest.raises(UnreadableAnswer, match="expected"):
        hook_of(tenant).read_directory(contract_type="")


LINES = "/v2/finance/contracts/11/services"
CONTRACTS = paged([{"id": 10, "contractType": "Fixed Price"}, {"id": 11, "contractType": "Recurring Services"}])


def test_a_line_api_is_tried_before_it_is_believed(hook_of: Hooks) -> None:
    """A tenant that does not know the calls ends plan-only, and says why."""
    tenant = Tenant({"/v2/finance/contracts/summary": CONTRACTS})
    hook = hook_of(tenant, line_api="default")

    offered = hook.capabilities()

    assert (offered.quantity_write, offered.reads_quantity, offered.strategy) == (
        QuantityWrite.NONE,
        False,
        "plan_only",
    )
    assert "line_api is configured, but its list call does not work here" in offered.explanation
    assert "HTTP 404" in offered.explanation
    with pytest.raises(NotSent, match="nothing was sent"):
        hook.write_line(CHANGE)


def test_without_line_api_nothing_is_tried(hook_of: Hooks) -> None:
    """Calls outside the published API are made only where a person named them."""
    tenant = Tenant({})

    offered = hook_of(tenant).capabilities()

    assert offered.strategy == "plan_only"
    assert tenant.server.requests == []


def test_a_configured_line_api_is_used_with_its_own_names(hook_of: Hooks) -> None:
    """Method, path and field names are the tenant's; what is left out keeps the default."""
    row = {"id": 501, "svc": 5, "qty": Decimal("3.0"), "unitPrice": 2.2}
    text = json.dumps([{**row, "qty": 3.0}])
    seen: list[dict[str, Any]] = []

    def update(sent: dict[str, Any]) -> Reply:
        seen.append(sent)
        return enveloped({"id": 501, "qty": 4.0})

    tenant = Tenant(
        {
            "/v2/finance/contracts/summary": CONTRACTS,
            "/v1/lines/11": reply(f'{{"success":true,"result":{text}}}'.encode()),
            "/v1/line/501": update,
        }
    )
    hook = hook_of(
        tenant,
        line_api={
            "list": {"path": "/v1/lines/{contract_id}"},
            "update": {"method": "patch", "path": "/v1/line/{line_id}"},
            "fields": {"service_id": "svc", "units": "qty"},
        },
    )

    assert hook.capabilities().quantity_write is QuantityWrite.SET
    receipt = hook.write_line(CHANGE)

    assert seen == [{"qty": 4, "effectiveDate": "2026-11-26T00:00:00"}]
    assert receipt == WriteReceipt(observed=Decimal(4), line_id="501", request_id="")
    assert tenant.sent("/v1/line/501")[0].method == "PATCH"


@pytest.mark.parametrize(
    ("line_api", "problem"),
    [
        ({"lists": {}}, "lists: unknown key; did you mean list?"),
        ({"list": {"path": "/v2/contracts/services"}}, "list: path: is no path template for this call"),
        ({"update": {"path": "/v2/{contract_id}"}}, "update: path: is no path template"),
        ({"update": {"path": "/v2/{line_id}/{tenant}"}}, "update: path: is no path template"),
        ({"update": {"method": "DELETE"}}, "update: method: cannot be used here; got 'DELETE'"),
        ({"fields": {"quantity": "qty"}}, "fields: quantity: unknown key"),
        ({"fields": {"units": 5}}, "fields: units: is no field name; got 5"),
    ],
)
def test_a_wrong_line_api_is_named_before_anything_is_sent(
    line_api: dict[str, Any], problem: str, hook_of: Hooks
) -> None:
    """A setting error names the connection, the place, the value and what is allowed."""
    tenant = Tenant({})

    with pytest.raises(SettingsError) as caught:
        hook_of(tenant, line_api=line_api).capabilities()

    assert problem in str(caught.value)
    assert str(caught.value).startswith("connection bms, line_api")
    assert tenant.server.requests == []


def test_a_line_without_units_is_an_error(hook_of: Hooks) -> None:
    """Law 3: a line whose units are not told is not a line with none."""
    tenant = Tenant({"/v2/finance/contracts/summary": CONTRACTS, LINES: enveloped([{"id": 501, "serviceId": 5}])})

    explanation = hook_of(tenant, line_api={}).capabilities().explanation

    assert "units is None, expected the units of the line" in explanation


def test_a_list_of_lines_that_does_not_fit_its_total_is_an_error(hook_of: Hooks) -> None:
    """Law 3: a line that was left out must not look like a contract without it."""
    answers = iter([enveloped([]), enveloped([{"id": 501, "serviceId": 5, "units": 3}], 2)])
    tenant = Tenant({"/v2/finance/contracts/summary": CONTRACTS, LINES: lambda sent: next(answers)})

    with pytest.raises(UnreadableAnswer, match="1 lines read, totalRecords says 2"):
        hook_of(tenant, line_api={}).read_lines([_contract()], [])


def test_the_version_of_a_line_changes_with_what_people_edit(hook_of: Hooks) -> None:
    """Law 6: an edit between review and write is seen; another print of the same number is none."""
    row = {"id": 501, "serviceId": 5, "units": 3, "unitPrice": 2.5, "modifiedOn": "a"}
    versions = []
    for edit in ({}, {"units": 3.0}, {"modifiedOn": "b"}, {"unitPrice": 2.6}, {"description": "x"}):
        tenant = Tenant({"/v2/finance/contracts/summary": CONTRACTS, LINES: enveloped([{**row, **edit}])})
        hook = hook_of(tenant, line_api={})
        versions.append(hook.read_lines([_contract()], [])[0].version)

    assert len(set(versions[:3])) == 1
    assert len(set(versions)) == 3


@pytest.mark.parametrize("quantity", ["1.5", "-1", "2147483648"])
def test_units_that_bms_cannot_hold_are_not_sent(quantity: str, hook_of: Hooks) -> None:
    """Units are int32 on the way in; nothing is rounded on the way out."""
    tenant = Tenant({"/v2/finance/contracts/summary": CONTRACTS, LINES: enveloped([])})
    hook = hook_of(tenant, line_api={})

    with pytest.raises(NotSent, match="units are whole numbers"):
        hook.write_line(replace(CHANGE, quantity_after=Decimal(quantity)))

    assert [request.method for request in tenant.server.requests if request.method == "PUT"] == []


ADD = "/v2/finance/contracts/recurringservices/11/services"
ADDITION = replace(CHANGE, kind=ChangeKind.ADD_LINE, line_id="", quantity_before=None)


def test_a_line_is_added_only_behind_the_switch(hook_of: Hooks) -> None:
    """What the call does for a service that is there already is unknown, so a person switches it on."""
    bodies: list[Any] = []

    def added(sent: dict[str, Any]) -> Reply:
        bodies.append(sent["body"])
        return enveloped({"id": 777, "units": 4.0})

    tenant = Tenant({ADD: added})

    with pytest.raises(NotSent, match="adding lines is switched off"):
        hook_of(tenant).write_line(ADDITION)
    hook = hook_of(tenant, add_line=True)
    assert hook.capabilities().adds_lines
    assert hook.capabilities().quantity_write is QuantityWrite.NONE
    assert hook.write_line(ADDITION) == WriteReceipt(observed=Decimal(4), line_id="777")
    with pytest.raises(NotSent, match="needs a unit cost and a unit price"):
        hook.write_line(replace(ADDITION, unit_price=None))

    assert bodies == [
        [
            {
                "serviceId": 5,
                "serviceName": "MS365-BP",
                "units": 4,
                "unitCost": 1.1,
                "unitPrice": 2.2,
                "effectiveDate": "2026-11-26T00:00:00",
            }
        ]
    ]


def test_an_empty_answer_to_a_write_observes_nothing(hook_of: Hooks) -> None:
    """204 says applied, and shows no number; the read-back decides."""
    tenant = Tenant({"/v2/finance/contracts/summary": CONTRACTS, LINES: enveloped([]), f"{LINES}/501": reply(b"", 204)})

    assert hook_of(tenant, line_api={}).write_line(CHANGE).observed is None


def _contract() -> Any:
    from billing_providers.model.psa import Contract

    return Contract("11", "1", "Aspen", "Managed", "Recurring Services", True, "Monthly", None, None)


def test_a_limit_that_is_reached_is_no_missing_right(hook_of: Callable[..., KaseyaBmsHook]) -> None:
    """Who reads that a role lacks a right changes the role: a 429 must not say so."""
    limited = reply({"success": False, "error": {"code": 429, "message": "Too many requests"}}, 429, Retry_After="600")
    tenant = Tenant(
        {
            "/v2/security/userinfo": enveloped({"fullName": "Ann"}),
            "/v2/crm/accounts/summary": limited,
            "/v2/finance/contracts/summary": paged([]),
            "/v2/admin/finance/services/search": paged([]),
        }
    )

    works, told = hook_of(tenant).test_connection()

    assert not works
    assert "HTTP 429" in told
    assert "lacks" not in told
