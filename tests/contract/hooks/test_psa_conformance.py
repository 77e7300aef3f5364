"""Every PSA of the registry keeps one contract, told by capability and never by name: connecting and reading.

The sandbox's audit log is the judge: it holds what was really applied, whatever the hook believes. Writing is in
``test_psa_writes.py``, what only some PSAs can do in ``test_psa_fields.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.errors import Forbidden, RequestError, SignInRefused, UnreadableAnswer
from billing_providers.model.changes import LineField
from billing_providers.model.psa import PsaHook, QuantityWrite
from billing_providers.sandbox.server import SandboxServer
from tests.support.psa_cases import PSA_CASES, PsaCase, needs, needs_of
from tests.support.psa_tenant import PERIOD, Tenant, usable
from tests.support.scripted_http import FrozenTime


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
        assert box.control.audit(system=case.key) == []


def test_everything_is_read_once_and_as_it_is(tenant: Tenant) -> None:
    """Accounts, contracts, catalogue and lines are those of the tenant, over page borders, in few calls."""
    contracts = usable(tenant.directory, tenant.case)
    lines = tenant.hook.read_lines(contracts, tenant.directory.services)

    wanted = {contract.contract_id: contract.account_id for contract in contracts}
    live = {
        str(line["line_id"]): (str(line["contract_id"]), Decimal(line["units"]))
        for line in tenant.lines()
        if str(line["contract_id"]) in wanted
    }
    assert {line.line_id: (line.contract_id, line.quantity) for line in lines} == live
    assert len(lines) == len(live) > 300
    assert all(wanted.values())
    assert len(tenant.directory.accounts) == len({account.account_id for account in tenant.directory.accounts}) > 90
    assert tenant.box.control.requests()["total"] <= len(contracts)


def test_no_more_requests_in_flight_than_the_psa_allows(tenant: Tenant, hook_of: Callable[..., Any]) -> None:
    """As many as allowed and never more, each on a connection that stays open."""
    tenant.box.control.change_settings(latency_ms=20)
    hook = hook_of(tenant.case.key, extra={**tenant.case.extra, **tenant.case.one_by_one})

    hook.read_lines(usable(tenant.directory, tenant.case)[:24], tenant.directory.services)

    counted = tenant.box.control.requests()
    assert counted["max_in_flight"][tenant.case.key] == hook.requests_in_flight_max
    assert counted["new_connections"].get(tenant.case.key, 0) <= hook.requests_in_flight_max


@needs("bulk reading")
def test_lines_of_many_contracts_come_in_few_calls(tenant: Tenant) -> None:
    """A contract costs a call of its own only where the PSA has nothing better."""
    contracts = usable(tenant.directory, tenant.case)

    tenant.hook.read_lines(contracts, tenant.directory.services)

    assert len(contracts) > 50
    assert tenant.box.control.requests()["total"] <= tenant.case.bulk_requests_max


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

    again = tenant.hook.read_directory(contract_type=tenant.case.contract_type)

    assert again == tenant.directory


@pytest.mark.parametrize("kind", ["status", "html", "drop_after", "truncate"])
def test_a_read_that_stays_broken_is_an_error_and_never_an_empty_list(kind: str, tenant: Tenant) -> None:
    """Law 3: after its attempts it is code 02, with the call that failed."""
    tenant.fault(kind, tenant.case.accounts, count=0)

    with pytest.raises(RequestError) as caught:
        tenant.hook.read_directory(contract_type=tenant.case.contract_type)

    assert caught.value.finding_number == 2
    assert tenant.sent(tenant.case.accounts) == 5


@needs("totals of accounts")
@pytest.mark.parametrize("kind", ["wrong_total", "short_page"])
def test_a_list_that_does_not_fit_its_total_is_an_error(kind: str, tenant: Tenant) -> None:
    """Law 3: a page that is missing rows must not look like accounts that are gone."""
    tenant.fault(kind, tenant.case.account_totals if kind == "wrong_total" else tenant.case.accounts, count=0)

    with pytest.raises(UnreadableAnswer, match="not complete"):
        tenant.hook.read_directory(contract_type=tenant.case.contract_type)


@needs("totals of lines")
@pytest.mark.parametrize("kind", ["wrong_total", "short_page"])
def test_a_look_up_that_does_not_fit_its_total_is_an_error(kind: str, tenant: Tenant) -> None:
    """Law 3: a line that is overlooked before one is added would be billed twice."""
    tenant.fault(kind, tenant.case.totals if kind == "wrong_total" else tenant.case.lines, count=0)

    with pytest.raises(UnreadableAnswer, match="not complete"):
        tenant.hook.reread_lines([tenant.again(look_up=True)])


def test_lines_are_read_again_as_they_are(tenant: Tenant) -> None:
    """Before a write each changed line is read anew, with all that a list of it shows."""
    tenant.edit(units="31")

    seen = tenant.reread()

    assert (seen.quantity, seen.service_id, seen.account_id) == (
        Decimal(31),
        tenant.line.service_id,
        tenant.line.account_id,
    )
    assert (seen.version, seen.schedule) != (tenant.line.version, tenant.line.schedule)
    (listed,) = (line for line in tenant.read() if line.line_id == tenant.line.line_id)
    assert listed == seen


@needs("lines that vanish")
def test_a_line_that_is_gone_is_missing(tenant: Tenant) -> None:
    """It is neither an error nor a line with nothing; the others of the contract are still read."""
    others = [
        line.line_id
        for line in tenant.hook.read_lines([tenant.contract], [tenant.service])
        if line.line_id != tenant.line.line_id
    ]
    tenant.box.control.edit_line(tenant.line.line_id, system=tenant.case.key, gone=True)

    seen = tenant.hook.reread_lines([tenant.again(tenant.line.line_id, *others)])

    assert sorted(line.line_id for line in seen) == sorted(others)
    assert others


@needs("edits")
def test_the_last_edit_is_told(tenant: Tenant) -> None:
    """A line that was changed since the review says by whom and when; nobody is asked twice."""
    tenant.box.control.edit_line(tenant.line.line_id, system=tenant.case.key, units="31")

    told = tenant.hook.last_edit(tenant.change())

    assert told.startswith("by ")
    assert " at 20" in told
    assert tenant.box.control.requests()["total"] == 1


def test_asking_for_the_last_edit_never_raises(tenant: Tenant) -> None:
    """It is a help for people; a push does not fail over it."""
    tenant.fault("status", "GET *", status=403, count=0)

    assert tenant.hook.last_edit(tenant.change()) == ""


@needs("tokens")
def test_an_expired_token_is_renewed_in_the_middle_of_a_run(tenant: Tenant) -> None:
    """A push outlives many tokens; nobody notices, and nothing is written twice."""
    tenant.box.control.move_clock(advance_s=3600)

    tenant.hook.write_line(tenant.change())

    assert len(tenant.audit()) == 1
    assert tenant.sent(tenant.case.sign_in) + tenant.sent(tenant.case.renewals) == 1


@needs("tokens")
def test_a_revoked_token_is_replaced_once_for_all_threads(tenant: Tenant) -> None:
    """401 means not applied: one new sign-in, and every waiting call goes on."""
    tenant.fault("revoke_token", tenant.case.lines, nth=5, refresh_too=True)
    contracts = usable(tenant.directory, tenant.case)[:20]

    lines = tenant.hook.read_lines(contracts, tenant.directory.services)

    assert {line.contract_id for line in lines} <= {contract.contract_id for contract in contracts}
    assert tenant.sent(tenant.case.sign_in) + tenant.sent(tenant.case.renewals) == 1


@needs("tokens")
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
    for fields, cause, requests in case.refused_logins:
        box.control.forget_requests()
        extra = {**case.extra, **fields.get("extra", {})}
        hook = hook_of(case.key, **{**fields, "extra": extra})

        with pytest.raises(SignInRefused) as caught:
            hook.read_directory(contract_type=case.contract_type)

        assert cause in str(caught.value)
        assert caught.value.finding_number == 17
        secret = fields.get("password", box.connections()[f"{case.key}_default"]["password"])
        assert secret not in f"{caught.value} {caught.value.body}"
        assert box.control.requests()["total"] == requests


def test_a_missing_right_is_named(case: PsaCase, box: SandboxServer, hook_of: Callable[..., Any]) -> None:
    """Testing the connection tells what the user's role lacks; a read is an error, not an empty list."""
    hook = hook_of(case.key, login=case.reader_without_rights, extra=case.extra)

    works, text = hook.test_connection()

    assert works is False
    assert case.right_named in text
    with pytest.raises(Forbidden):
        hook.read_directory(contract_type=case.contract_type)


def test_dry_work_never_writes(tenant: Tenant) -> None:
    """Law 1: connecting, reading and testing make no request that changes anything."""
    tenant.hook.test_connection()
    tenant.hook.read_directory(contract_type=tenant.case.contract_type)
    tenant.hook.read_lines(usable(tenant.directory, tenant.case)[:5], tenant.directory.services)
    tenant.hook.invoiced_lines(PERIOD)

    requests = tenant.box.control.requests()
    assert requests["writing"] == 0
    assert requests["total"] > 10


def test_what_a_psa_lacks_fits_what_it_offers(tenant: Tenant) -> None:
    """A test may be skipped only where the PSA itself says that it cannot."""
    offered, lacks = tenant.hook.capabilities(), tenant.case.lacks

    assert offered.whole_units is ("whole units" not in lacks)
    assert (LineField.UNIT_PRICE in offered.sets) is ("fields" not in lacks)
    assert offered.dates_quantities is (tenant.line.schedule != ())
    assert (offered.lists_lag_s > 0) is ("lagging lists" not in lacks)
    assert offered.adds_lines is ("switch for adding" in lacks)
    assert ("reads_only" in tenant.case.shapes) is ("tenants without a write call" not in lacks)
    assert bool(tenant.case.renewals) is ("tokens" not in lacks)


def test_skips_are_counted() -> None:
    """A test that nobody runs protects nobody: how many each PSA skips is written down here."""
    from tests.contract.hooks import test_psa_conformance, test_psa_fields, test_psa_writes

    tests = [
        value
        for module in (test_psa_conformance, test_psa_writes, test_psa_fields)
        for name, value in vars(module).items()
        if name.startswith("test_")
    ]

    skipped = {key: sum(bool(needs_of(test) & case.lacks) for test in tests) for key, case in PSA_CASES.items()}

    assert skipped == {"kaseya_bms": 13, "connectwise": 9, "autotask": 19}
    assert len(tests) > 40
