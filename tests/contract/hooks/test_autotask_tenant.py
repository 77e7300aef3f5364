"""What is Autotask's alone, against its simulated tenant: zones, threads, the threshold, posted periods, late rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing_providers.errors import BadRequest, BudgetExhausted
from billing_providers.hooks.autotask import AutotaskHook
from billing_providers.hooks.http.client import Clocks
from billing_providers.hooks.http.repeats import Limits
from billing_providers.model.changes import ChangeKind, LineField
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.psa import ContractLine, Days, PsaDirectory
from billing_providers.sandbox import credentials
from billing_providers.sandbox.server import SandboxServer
from tests.support.psa_cases import PSA_CASES
from tests.support.psa_tenant import DAYS, EFFECTIVE, change_of, fields
from tests.support.scripted_http import FrozenTime

KEY = "autotask"
WRITE = PSA_CASES[KEY].write
OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1), "UTC")
HookOf = Callable[..., AutotaskHook]


@pytest.fixture
def hook(box: SandboxServer, hook_of: HookOf) -> AutotaskHook:
    """A hook of the tenant as it was at the start."""
    box.control.reset()
    return hook_of(KEY)


@pytest.fixture
def directory(hook: AutotaskHook) -> PsaDirectory:
    """What the tenant has."""
    return hook.read_directory(contract_type="")


@pytest.fixture
def lines(hook: AutotaskHook, directory: PsaDirectory, box: SandboxServer) -> Iterator[list[ContractLine]]:
    """All lines whose units may be changed from the effective day on; the request log starts after they were read."""
    covering = [entry for entry in directory.contracts if (entry.end or date.max) > EFFECTIVE and entry.active]
    found = hook.read_lines(covering, directory.services, days=DAYS)
    box.control.forget_requests()
    yield [line for line in found if line.quantity and not line.owned_by]


def audited(box: SandboxServer) -> list[tuple[str, str, str]]:
    return [(row["line_id"], row["field"], row["after"]) for row in box.control.audit(system=KEY)]


def test_nothing_is_asked_that_the_api_would_ignore(
    box: SandboxServer, hook: AutotaskHook, directory: PsaDirectory
) -> None:
    """Every read of the hook passes a server that refuses unknown operators and fields instead of ignoring them."""
    box.control.change_settings(at_strict_queries=True)
    box.control.post_periods("2026-10-31")
    box.control.invoice("2026-10-01", "2026-10-31", system=KEY)

    assert hook.read_directory(contract_type="") == directory
    assert hook.read_lines(directory.contracts, directory.services, days=DAYS)
    assert hook.posted_items(OCTOBER)
    assert hook.invoiced_lines(OCTOBER)
    assert hook.pending_rows(BillingPeriod(date(2026, 11, 1), date(2026, 12, 1), "UTC"))
    assert hook.test_connection()[0] is True
    assert {request["status"] for request in box.control.requests()["requests"]} == {200}


@pytest.mark.parametrize("status", [401, 404])
def test_a_tenant_that_moves_in_the_middle_of_a_push_is_followed(
    status: int, box: SandboxServer, hook: AutotaskHook, lines: list[ContractLine], time: FrozenTime
) -> None:
    """The old zone turns the write away, the new one applies it, once."""
    time.now += 61
    box.control.change_settings(at_zone_moves=True, at_old_zone_status=status)

    hook.write_line(change_of(lines[0], "777"))

    assert audited(box) == [(lines[0].line_id, "units", "777")]
    assert box.control.requests()["per_endpoint"]["GET /ZoneInformation"] == 1


@pytest.mark.parametrize("status", [429, 500])
def test_two_tasks_that_meet_at_one_endpoint_lose_and_double_nothing(
    status: int, box: SandboxServer, hook_of: HookOf, lines: list[ContractLine]
) -> None:
    """Each keeps to three threads and knows nothing of the other; the fourth call is turned away, and follows."""
    box.control.change_settings(at_thread_status=status, at_latency_ms=15)
    patient = Limits(requests_in_flight_max=3, attempts_max=500, backoff_s=0.02, backoff_s_max=0.05)
    hooks = [hook_of(KEY, limits=patient) for _ in range(2)]
    for hook in hooks:
        hook.client.clocks = Clocks()  # the simulated server needs real time to be done with a call
    changes = [change_of(line, str(int(line.quantity or 0) + 1)) for line in lines[:24]]

    with ThreadPoolExecutor(max_workers=6) as threads:
        list(threads.map(lambda at: hooks[at % 2].write_line(changes[at]), range(len(changes))))

    wanted = sorted((change.line_id, "units", str(change.quantity_after)) for change in changes)
    assert sorted(audited(box)) == wanted
    statuses = [request["status"] for request in box.control.requests()["requests"] if request["writes"]]
    assert statuses.count(status) > 0


def test_a_tenant_that_others_have_nearly_used_up_is_left_in_peace(
    box: SandboxServer, hook_of: HookOf, lines: list[ContractLine]
) -> None:
    """Nothing is sent but the question, and the numbers are told."""
    box.control.change_settings(at_threshold=1000, at_used_by_others=950)
    late = hook_of(KEY)

    with pytest.raises(BudgetExhausted, match=r"of the tenant's 1000 requests per 60 minutes are used up"):
        late.write_line(change_of(lines[0], "7"))

    assert set(box.control.requests()["per_endpoint"]) == {"GET /ZoneInformation", "GET /ThresholdInformation"}
    assert audited(box) == []


def test_a_posted_period_is_refused_in_the_servers_words_and_shows_in_the_schedule(
    box: SandboxServer, hook: AutotaskHook, lines: list[ContractLine], directory: PsaDirectory
) -> None:
    """Until its end nothing can be changed; from the next day on it can."""
    line = lines[0]
    box.control.post_periods("2026-11-30", line.contract_id)
    contract = next(entry for entry in directory.contracts if entry.contract_id == line.contract_id)

    with pytest.raises(BadRequest, match="approved and posted"):
        hook.write_line(change_of(line, "7"))
    both = Days(EFFECTIVE, date(2026, 12, 1))
    found = {entry.line_id: entry for entry in hook.read_lines([contract], directory.services, days=both)}
    free = [period for period in found[line.line_id].schedule if not period.posted]
    hook.write_line(replace(change_of(line, "7"), effective_date=free[0].start))

    assert [period.posted for period in found[line.line_id].schedule] == [True, False]
    assert free[0].start == date(2026, 12, 1)
    assert audited(box) == [(line.line_id, "units", "7")]


def test_units_that_show_late_show_the_old_number_until_then(
    box: SandboxServer, hook: AutotaskHook, lines: list[ContractLine], directory: PsaDirectory
) -> None:
    """A server may work on for minutes, which is why a lost answer is waited for that long."""
    line = lines[0]
    contract = next(entry for entry in directory.contracts if entry.contract_id == line.contract_id)
    box.control.change_settings(at_apply_delay_s=300)
    hook.write_line(change_of(line, "7"))

    def shown() -> Decimal | None:
        found = hook.read_lines([contract], directory.services, days=DAYS)
        return next(entry.quantity for entry in found if entry.line_id == line.line_id)

    assert shown() == line.quantity
    box.control.move_clock(advance_s=301)
    assert shown() == Decimal(7)
    assert hook.capabilities().reads_lag_s > 300


def test_one_line_takes_one_change_a_day(box: SandboxServer, hook: AutotaskHook, lines: list[ContractLine]) -> None:
    """The second is refused, in the server's words."""
    hook.write_line(change_of(lines[0], "7"))

    with pytest.raises(BadRequest, match="duplicate data into contract_service_period"):
        hook.write_line(replace(change_of(lines[0], "9"), quantity_before=Decimal(7)))

    assert audited(box) == [(lines[0].line_id, "units", "7")]


def test_a_text_and_units_are_both_applied_and_read_back(
    box: SandboxServer, hook: AutotaskHook, lines: list[ContractLine], directory: PsaDirectory
) -> None:
    """The text first, the units second; a new line gets its text as soon as its id shows."""
    line = lines[0]
    contract = next(entry for entry in directory.contracts if entry.contract_id == line.contract_id)
    held = {entry.service_id for entry in hook.read_lines([contract], directory.services, days=DAYS)}
    service = next(entry for entry in directory.services if entry.active and entry.service_id not in held)
    added = replace(
        change_of(line, "4"), kind=ChangeKind.ADD_LINE, line_id="", service_id=service.service_id, quantity_before=None,
        unit_price=Decimal("2.5"), unit_cost=None, fields=fields(INVOICE_TEXT="New: Zürich"),
    )  # fmt: skip

    hook.write_line(replace(change_of(line, "7"), fields=fields(INVOICE_TEXT="October, Zürich")))
    receipt = hook.write_line(added)

    found = {entry.line_id: entry for entry in hook.read_lines([contract], directory.services, days=DAYS)}
    assert (found[line.line_id].quantity, found[line.line_id].field(LineField.INVOICE_TEXT)) == (
        Decimal(7),
        "October, Zürich",
    )
    new = found[receipt.line_id]
    assert (new.service_id, new.quantity, new.unit_price, new.invoice_text) == (
        service.service_id, Decimal(4), Decimal("2.5"), "New: Zürich",
    )  # fmt: skip
    assert [field for _, field, _ in audited(box)] == ["invoice_text", "units", "units", "unit_price", "invoice_text"]


def test_a_bundle_is_changed_and_read_back(
    box: SandboxServer, hook: AutotaskHook, lines: list[ContractLine], directory: PsaDirectory
) -> None:
    """Its units are rows of their own kind."""
    bundle = next(line for line in lines if line.line_id.startswith("b"))
    contract = next(entry for entry in directory.contracts if entry.contract_id == bundle.contract_id)

    hook.write_line(change_of(bundle, "7"))

    found = {entry.line_id: entry for entry in hook.read_lines([contract], directory.services, days=DAYS)}
    assert found[bundle.line_id].quantity == Decimal(7)
    assert audited(box) == [(bundle.line_id, "units", "7")]


def test_pending_rows_become_posted_items_and_then_lines_of_invoices(
    box: SandboxServer, hook: AutotaskHook, lines: list[ContractLine]
) -> None:
    """The same units all the way, line by line."""
    pending = {
        (row.line_id, row.start): (row.units, row.amount)
        for row in hook.pending_rows(OCTOBER)
        if row.start == OCTOBER.start and row.units
    }
    posted_before = {item.line_id for item in hook.posted_items(OCTOBER)}
    box.control.post_periods("2026-10-31")
    posted = hook.posted_items(OCTOBER)
    made = box.control.invoice("2026-10-01", "2026-10-31", system=KEY)

    newly = {item.line_id: (item.quantity, item.amount) for item in posted if item.line_id not in posted_before}
    assert {line_id: row for (line_id, _), row in pending.items()} == {key: newly[key] for key, _ in pending}
    assert len(pending) > 300
    assert hook.pending_rows(OCTOBER) == []
    assert {item.invoice_number for item in posted} == {""}
    numbers = {invoice["invoiceNumber"] for invoice in made}
    assert {line.invoice_number for line in hook.invoiced_lines(OCTOBER)} == numbers
    invoiced = {item.line_id: item.invoice_number for item in hook.posted_items(OCTOBER)}
    assert set(invoiced.values()) <= numbers


def test_a_user_who_may_not_see_costs_reads_lines_all_the_same(
    hook: AutotaskHook, hook_of: HookOf, directory: PsaDirectory
) -> None:
    """The stock level *Can't Read Costs* is enough for quantities."""
    costless = hook_of(KEY, login=credentials.AT_COSTLESS_USER)
    theirs = costless.read_lines(directory.contracts, costless.read_directory(contract_type="").services, days=DAYS)
    ours = hook.read_lines(directory.contracts, directory.services, days=DAYS)

    assert {line.line_id: line.quantity for line in theirs} == {line.line_id: line.quantity for line in ours}
    assert costless.test_connection()[0] is True
