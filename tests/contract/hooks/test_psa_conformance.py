"""Every PSA of the registry keeps one contract, told by capability and never by name.

The sandbox's audit log is the judge: it holds what was really applied, whatever the hook believes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.errors import (
    BadRequest,
    Forbidden,
    NoAnswer,
    NotSent,
    OutcomeUnknown,
    RequestError,
    ServerFault,
    SignInRefused,
    Unreachable,
    UnreadableAnswer,
)
from billing_providers.hooks.http.repeats import Limits
from billing_providers.model.changes import ChangeKind, LineChange
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.psa import Contract, ContractLine, PsaDirectory, PsaHook, QuantityWrite, Service
from billing_providers.registry import SYSTEMS
from billing_providers.sandbox.server import SandboxServer
from tests.support.psa_cases import PSA_CASES, PsaCase
from tests.support.scripted_http import FrozenTime

PERIOD = BillingPeriod(date(2026, 10, 26), date(2026, 11, 26))
EFFECTIVE = date(2026, 11, 26)


@pytest.fixture(params=[key for key, entry in SYSTEMS.items() if entry.role == "psa"])
def case(request: pytest.FixtureRequest) -> PsaCase:
    """One PSA of the registry; one without a case fails here by name."""
    return PSA_CASES[request.param]


@dataclass(slots=True)
class Tenant:
    """A hook signed in to a writable tenant, what it read, and the sandbox behind it."""

    case: PsaCase
    box: SandboxServer
    hook: Any
    directory: PsaDirectory
    line: ContractLine

    def fault(self, kind: str, endpoint: str, **settings: Any) -> None:
        self.box.control.add_fault(kind, system=self.case.key, endpoint=endpoint, **settings)

    def sent(self, endpoint: str) -> int:
        return self.box.control.requests()["per_endpoint"].get(endpoint, 0)

    def change(self, quantity: str = "7", **fields: Any) -> LineChange:
        return replace(change_of(self.line, quantity), **fields)

    def units_now(self) -> str:
        (line,) = [line for line in self.box.control.lines() if str(line["line_id"]) == self.line.line_id]
        return str(Decimal(line["units"]).normalize())


@pytest.fixture
def tenant(case: PsaCase, box: SandboxServer, hook_of: Callable[..., Any]) -> Tenant:
    """A writable tenant that was read once; the request log starts after that."""
    box.control.reset(**case.shapes["writes"])
    hook = hook_of(case.key, extra=case.extra)
    assert hook.capabilities().quantity_write is not QuantityWrite.NONE
    directory = hook.read_directory(contract_type="Recurring Services")
    lines = hook.read_lines(usable(directory)[:3], directory.services)
    line = next(line for line in lines if line.open and line.quantity not in {None, Decimal(7)})
    box.control.forget_requests()
    return Tenant(case, box, hook, directory, line)


def usable(directory: PsaDirectory) -> list[Contract]:
    """Return active contracts of the usual type that cover the period."""
    return [
        contract
        for contract in directory.contracts
        if contract.active
        and contract.contract_type == "Recurring Services"
        and (contract.start is None or contract.start <= PERIOD.start)
        and (contract.end is None or contract.end > EFFECTIVE)
    ]


def change_of(line: ContractLine, quantity: str) -> LineChange:
    """Return a change of a live line."""
    return LineChange(
        change_id="c1",
        kind=ChangeKind.SET_QUANTITY,
        customer_codes=("ANY",),
        customer_names=("Any",),
        account_id=line.account_id,
        account_name="",
        contract_id=line.contract_id,
        contract_name="",
        service_id=line.service_id,
        service_name=line.service_name,
        line_id=line.line_id,
        skus=(line.service_name,),
        quantity_before=line.quantity,
        quantity_after=Decimal(quantity),
        unit_cost=line.unit_cost,
        unit_price=line.unit_price,
        effective_date=EFFECTIVE,
        line_version=line.version,
        reason="",
        charge_nos=(),
    )


def test_the_hook_keeps_the_contract(tenant: Tenant) -> None:
    """Shared code knows PSAs by this contract alone."""
    assert isinstance(tenant.hook, PsaHook)
    assert tenant.hook.tenant_key.startswith(f"{tenant.case.key}:")


def test_connecting_tells_what_can_be_written(case: PsaCase, box: SandboxServer, hook_of: Callable[..., Any]) -> None:
    """A strategy is found out, and named with its reason; testing a connection writes nothing."""
    for shape, offers in (("writes", True), ("reads_only", False)):
        if shape not in case.shapes:
            continue
        box.control.reset(**case.shapes[shape])
        hook = hook_of(case.key, extra=case.extra)

        works, text = hook.test_connection()

        found = hook.capabilities()
        assert works is True
        assert found.explanation in text
        assert (found.quantity_write is not QuantityWrite.NONE) is offers
        assert box.control.audit() == []


def test_a_tenant_without_a_write_call_is_never_written_to(
    case: PsaCase, box: SandboxServer, hook_of: Callable[..., Any]
) -> None:
    """Lines are inventoried without quantities, and a write is refused before anything leaves."""
    if "reads_only" not in case.shapes:
        pytest.skip("every tenant of this PSA can be written to")
    box.control.reset(**case.shapes["reads_only"])
    hook = hook_of(case.key, extra=case.extra)
    directory = hook.read_directory(contract_type="Recurring Services")
    contracts, services = usable(directory), directory.services[:4]

    lines = hook.read_lines(contracts, services)

    wanted = {contract.contract_id for contract in contracts}, {service.service_id for service in services}
    live = {
        str(line["line_id"])
        for line in box.control.lines()
        if str(line["contract_id"]) in wanted[0] and str(line["service_id"]) in wanted[1]
    }
    assert {line.line_id for line in lines} == live
    assert live
    assert {line.quantity for line in lines} == {None}
    sent = box.control.requests()["total"]
    with pytest.raises(NotSent):
        hook.write_line(change_of(lines[0], "7"))
    assert box.control.requests()["total"] == sent
    assert box.control.audit() == []


def test_everything_is_read_once_and_as_it_is(tenant: Tenant) -> None:
    """Accounts, contracts, catalogue and lines are those of the tenant, over page borders, in few calls."""
    contracts = usable(tenant.directory)
    lines = tenant.hook.read_lines(contracts, tenant.directory.services)

    wanted = {contract.contract_id: contract.account_id for contract in contracts}
    live = {
        str(line["line_id"]): (str(line["contract_id"]), Decimal(line["units"]))
        for line in tenant.box.control.lines()
        if str(line["contract_id"]) in wanted
    }
    assert {line.line_id: (line.contract_id, line.quantity) for line in lines} == live
    assert len(lines) == len(live) > 300
    assert all(wanted.values())
    assert len(tenant.directory.accounts) == len({account.account_id for account in tenant.directory.accounts}) > 100
    assert tenant.box.control.requests()["total"] <= len(contracts)


def test_no_more_requests_in_flight_than_the_psa_allows(tenant: Tenant) -> None:
    """As many as allowed and never more, each on a connection that stays open."""
    tenant.box.control.change_settings(latency_ms=20)

    tenant.hook.read_lines(usable(tenant.directory)[:24], tenant.directory.services)

    counted = tenant.box.control.requests()
    assert counted["max_in_flight"][tenant.case.key] == tenant.hook.requests_in_flight_max
    assert counted["new_connections"].get(tenant.case.key, 0) <= tenant.hook.requests_in_flight_max


def test_a_write_is_applied_once_as_reviewed_and_read_back(tenant: Tenant) -> None:
    """Law 2: what is written is exactly the reviewed number, with its effective date, by one request."""
    receipt = tenant.hook.write_line(tenant.change("7"))

    (entry,) = tenant.box.control.audit()
    assert (entry["line_id"], entry["contract_id"]) == (tenant.line.line_id, tenant.line.contract_id)
    assert (Decimal(entry["before"]), Decimal(entry["after"])) == (tenant.line.quantity, Decimal(7))
    assert entry["effective_date"] == "2026-11-26"
    assert (receipt.observed, receipt.line_id) == (Decimal(7), tenant.line.line_id)
    assert receipt.request_id == entry["request_id"]
    again = tenant.hook.read_lines([_contract(tenant)], [_service(tenant)])
    assert [line.quantity for line in again if line.line_id == tenant.line.line_id] == [Decimal(7)]
    assert tenant.sent(tenant.case.write) == 1


def test_writing_zero_is_an_ordinary_write(tenant: Tenant) -> None:
    """Zeroing is decided elsewhere; here 0 is a number like any other."""
    receipt = tenant.hook.write_line(tenant.change("0", kind=ChangeKind.ZERO))

    assert (receipt.observed, tenant.units_now()) == (Decimal(0), "0")


def test_a_quantity_that_the_psa_cannot_hold_is_not_sent(tenant: Tenant) -> None:
    """Nothing is rounded on the way out."""
    if not tenant.hook.capabilities().whole_units:
        pytest.skip("this PSA holds fractions")

    with pytest.raises(NotSent):
        tenant.hook.write_line(tenant.change("1.5"))

    assert tenant.sent(tenant.case.write) == 0


def test_a_refused_write_says_why_and_changes_nothing(tenant: Tenant) -> None:
    """A line that does not exist: the server's words and status reach the journal."""
    with pytest.raises(BadRequest) as caught:
        tenant.hook.write_line(tenant.change("7", line_id="999999999"))

    assert caught.value.status == 404
    assert caught.value.request_id
    assert tenant.box.control.audit() == []
    assert tenant.sent(tenant.case.write) == 1


def test_success_false_in_a_200_is_a_refusal(tenant: Tenant) -> None:
    """A fault inside a success is a fault."""
    tenant.fault("success_false", tenant.case.write, message="Units are locked by billing")

    with pytest.raises(BadRequest, match="Units are locked by billing"):
        tenant.hook.write_line(tenant.change())

    assert tenant.box.control.audit() == []


def test_an_answer_that_shows_another_number_is_handed_on(tenant: Tenant) -> None:
    """Law 8: the hook tells what it saw; it never confirms by itself."""
    tenant.fault("readback_lie", tenant.case.write, delta=2)

    assert tenant.hook.write_line(tenant.change("7")).observed == Decimal(9)


@pytest.mark.parametrize(
    ("kind", "settings", "error", "applied"),
    [
        ("drop_before", {}, NoAnswer, 0),
        ("drop_after", {}, NoAnswer, 1),
        ("slow", {"seconds": 0.4}, NoAnswer, 1),
        ("truncate", {"how": "length"}, UnreadableAnswer, 1),
        ("truncate", {"how": "json"}, UnreadableAnswer, 1),
        ("html", {"applied": True}, UnreadableAnswer, 1),
        ("status", {"status": 500, "applied": True}, ServerFault, 1),
        ("status", {"status": 502}, ServerFault, 0),
    ],
    ids=lambda value: str(value) if isinstance(value, str | dict) else "",
)
def test_a_write_with_an_unknown_outcome_leaves_once(
    kind: str, settings: dict[str, Any], error: type[OutcomeUnknown], applied: int, tenant: Tenant
) -> None:
    """Law 7: applied or not, the hook says that it does not know, and never sends it again."""
    impatient = replace(tenant.hook.client.limits, read_timeout_s=0.15)
    tenant.hook.client.limits = impatient
    tenant.fault(kind, tenant.case.write, **settings)

    with pytest.raises(error):
        tenant.hook.write_line(tenant.change())

    tenant.box.control.clear_faults()
    assert tenant.sent(tenant.case.write) == 1
    assert _applied_in_the_end(tenant, applied)


def _applied_in_the_end(tenant: Tenant, applied: int) -> bool:
    """A later read of the same line waits its turn behind a slow write."""
    tenant.hook.client.limits = Limits()
    tenant.hook.read_lines([_contract(tenant)], [_service(tenant)])
    return len(tenant.box.control.audit()) == applied


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_write_that_came_too_often_waits_as_asked_and_is_applied_once(
    form: str, tenant: Tenant, time: FrozenTime
) -> None:
    """429 means that it was not applied, so it follows after the wait that the server asked for."""
    tenant.fault("status", tenant.case.write, status=429, retry_after_s=17, retry_after_as=form)

    tenant.hook.write_line(tenant.change())

    assert len(tenant.box.control.audit()) == 1
    assert sum(time.slept) == pytest.approx(17, abs=1.5)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("status", {"status": 503}),
        ("status", {"status": 429, "retry_after_s": 3}),
        ("html", {}),
        ("drop_before", {}),
        ("drop_after", {}),
        ("truncate", {"how": "length"}),
        ("truncate", {"how": "json"}),
    ],
    ids=str,
)
def test_a_read_survives_passing_trouble(kind: str, settings: dict[str, Any], tenant: Tenant) -> None:
    """A read changes nothing, so it is simply asked again, and gives the same."""
    tenant.fault(kind, tenant.case.accounts, count=2, **settings)

    again = tenant.hook.read_directory(contract_type="Recurring Services")

    assert again == tenant.directory


@pytest.mark.parametrize("kind", ["status", "html", "drop_after", "truncate"])
def test_a_read_that_stays_broken_is_an_error_and_never_an_empty_list(kind: str, tenant: Tenant) -> None:
    """Law 3: after its attempts it is code 02, with the call that failed."""
    tenant.fault(kind, tenant.case.accounts, count=0)

    with pytest.raises(RequestError) as caught:
        tenant.hook.read_directory(contract_type="Recurring Services")

    assert caught.value.finding_number == 2
    assert tenant.sent(tenant.case.accounts) == 5


@pytest.mark.parametrize("kind", ["wrong_total", "short_page"])
def test_a_list_that_does_not_fit_its_total_is_an_error(kind: str, tenant: Tenant) -> None:
    """Law 3: a page that is missing rows must not look like accounts that are gone."""
    tenant.fault(kind, tenant.case.accounts, count=0)

    with pytest.raises(UnreadableAnswer, match="not complete"):
        tenant.hook.read_directory(contract_type="Recurring Services")


def test_an_expired_token_is_renewed_in_the_middle_of_a_run(tenant: Tenant) -> None:
    """A push outlives many tokens; nobody notices, and nothing is written twice."""
    tenant.box.control.move_clock(advance_s=3600)

    tenant.hook.write_line(tenant.change())

    assert len(tenant.box.control.audit()) == 1
    assert tenant.sent(tenant.case.sign_in) + tenant.sent(tenant.case.renewals) == 1


def test_a_revoked_token_is_replaced_once_for_all_threads(tenant: Tenant) -> None:
    """401 means not applied: one new sign-in, and every waiting call goes on."""
    tenant.fault("revoke_token", tenant.case.lines, nth=5, refresh_too=True)
    contracts = usable(tenant.directory)[:20]

    lines = tenant.hook.read_lines(contracts, tenant.directory.services)

    assert {line.contract_id for line in lines} <= {contract.contract_id for contract in contracts}
    assert tenant.sent(tenant.case.sign_in) + tenant.sent(tenant.case.renewals) == 1


def test_a_token_about_to_expire_is_renewed_before_it_is_refused(tenant: Tenant, time: FrozenTime) -> None:
    """No request is spent on a 401."""
    time.now += 14.5 * 60

    tenant.hook.write_line(tenant.change())

    statuses = [request["status"] for request in tenant.box.control.requests()["requests"]]
    assert statuses == [200, 200]
    assert tenant.sent(tenant.case.renewals) == 1


def test_a_refused_sign_in_tells_why_and_no_secret(
    case: PsaCase, box: SandboxServer, hook_of: Callable[..., Any]
) -> None:
    """KS17: the cause is named, and one try is all it takes to know."""
    for fields, cause in case.refused_logins:
        box.control.forget_requests()
        extra = {**case.extra, **fields.get("extra", {})}
        hook = hook_of(case.key, **{**fields, "extra": extra})

        with pytest.raises(SignInRefused) as caught:
            hook.read_directory(contract_type="Recurring Services")

        assert cause in str(caught.value)
        assert caught.value.finding_number == 17
        secret = fields.get("password", box.connections()[f"{case.key}_default"]["password"])
        assert secret not in f"{caught.value} {caught.value.body}"
        assert box.control.requests()["total"] == 1


def test_a_missing_right_is_named(case: PsaCase, box: SandboxServer, hook_of: Callable[..., Any]) -> None:
    """Testing the connection tells what the user's role lacks; a read is an error, not an empty list."""
    hook = hook_of(case.key, login=case.reader_without_rights, extra=case.extra)

    works, text = hook.test_connection()

    assert works is False
    assert case.right_named in text
    with pytest.raises(Forbidden):
        hook.read_directory(contract_type="Recurring Services")


def test_a_user_who_may_only_read_is_refused_at_the_write(tenant: Tenant, hook_of: Callable[..., Any]) -> None:
    """403 is an answer: nothing was applied, and it is not tried again."""
    hook = hook_of(tenant.case.key, login=tenant.case.reader_without_write, extra=tenant.case.extra)

    with pytest.raises(Forbidden):
        hook.write_line(tenant.change())

    assert tenant.sent(tenant.case.write) == 1
    assert tenant.box.control.audit() == []


def test_a_psa_that_is_down_was_never_sent_anything(tenant: Tenant) -> None:
    """A write to a server that does not listen cannot have been applied."""
    tenant.hook.client.close()
    tenant.fault("refuse_connection", tenant.case.accounts, seconds=60.0)
    tenant.hook.client.limits = replace(tenant.hook.client.limits, attempts_max=2)
    with pytest.raises(RequestError):
        tenant.hook.read_directory(contract_type="")

    with pytest.raises(Unreachable) as caught:
        tenant.hook.write_line(tenant.change())

    tenant.box.control.clear_faults()
    assert caught.value.finding_number == 2
    assert tenant.box.control.audit() == []


def test_a_line_is_added_where_the_tenant_says_so(case: PsaCase, tenant: Tenant, hook_of: Callable[..., Any]) -> None:
    """Adding is its own switch; the new line has the reviewed quantity and is answered with its id."""
    if not case.adds:
        pytest.skip("this PSA never adds lines")
    held = {line.service_id for line in tenant.hook.read_lines([_contract(tenant)], tenant.directory.services)}
    service = next(entry for entry in tenant.directory.services if entry.active and entry.service_id not in held)
    addition = replace(
        tenant.change("4"),
        kind=ChangeKind.ADD_LINE,
        line_id="",
        service_id=service.service_id,
        service_name=service.name,
        unit_cost=Decimal("1.25"),
        unit_price=Decimal("2.50"),
    )

    with pytest.raises(NotSent):
        tenant.hook.write_line(addition)
    hook = hook_of(case.key, extra={**case.extra, **case.adds})
    assert hook.capabilities().adds_lines
    receipt = hook.write_line(addition)

    assert receipt.observed == Decimal(4)
    (added,) = [line for line in tenant.box.control.lines() if str(line["line_id"]) == receipt.line_id]
    assert (Decimal(added["units"]), Decimal(added["unit_price"])) == (Decimal(4), Decimal("2.50"))
    assert len(tenant.box.control.audit()) == 1


def test_invoiced_quantities_are_those_of_the_lines(tenant: Tenant) -> None:
    """What was pushed can be compared with what was invoiced, per contract."""
    tenant.hook.write_line(tenant.change("7"))
    made = tenant.box.control.invoice("2026-10-26", "2026-11-25")

    lines = tenant.hook.invoiced_lines(PERIOD)

    shown = sorted((invoice["invoiceNumber"], line["qty"]) for invoice in made for line in invoice["lineItems"])
    assert sorted((line.invoice_number, line.quantity) for line in lines) == [
        (number, Decimal(str(quantity))) for number, quantity in shown
    ]
    assert {line.account_id for line in lines} <= {account.account_id for account in tenant.directory.accounts}
    assert Decimal(7) in {line.quantity for line in lines if line.contract_id == tenant.line.contract_id}


def test_dry_work_never_writes(tenant: Tenant) -> None:
    """Law 1: connecting, reading and testing make no request that changes anything."""
    tenant.hook.test_connection()
    tenant.hook.read_directory(contract_type="Recurring Services")
    tenant.hook.read_lines(usable(tenant.directory)[:5], tenant.directory.services)
    tenant.hook.invoiced_lines(PERIOD)

    requests = tenant.box.control.requests()
    assert requests["writing"] == 0
    assert requests["total"] > 10


def _contract(tenant: Tenant) -> Contract:
    return next(entry for entry in tenant.directory.contracts if entry.contract_id == tenant.line.contract_id)


def _service(tenant: Tenant) -> Service:
    return next(entry for entry in tenant.directory.services if entry.service_id == tenant.line.service_id)
