"""Every usage source of the registry gives each row as it is, and never a part for the whole."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from billing_providers.errors import FailureClass, NoAnswer, RequestError, SignInRefused, UnreadableAnswer
from billing_providers.hooks.atria import AtriaHook
from billing_providers.hooks.http.repeats import Limits
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import UsageRead, UsageSource
from billing_providers.model.usage import UsageRecord
from billing_providers.registry import SYSTEMS, system
from billing_providers.sandbox.atria.report import export_report
from billing_providers.sandbox.credentials import METERLINE_TENANT
from billing_providers.sandbox.modules_file.file import write_metrics_file
from billing_providers.sandbox.rcloud.file import write_rcloud_file
from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.sherweb_file.file import write_sherweb_invoice_file
from billing_providers.sandbox.world import build_world
from billing_providers.sandbox.world.modules.counts import rmm_count
from billing_providers.sandbox.world.resale.backup_records import Month
from billing_providers.sandbox.world.sherweb.records import DeductionType, SherwebCharge
from tests.support.connections import set_connection
from tests.support.scripted_http import FrozenTime

ATRIA_PERIOD = BillingPeriod(date(2026, 10, 26), date(2026, 11, 26))
JULY = BillingPeriod(date(2026, 7, 1), date(2026, 8, 1))
OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1), "Europe/London")
METRICS = ("used_space", "average_space", "restore_volume", "computers", "licenses", "plan", "total")
SWITCHES: dict[str, Any] = {
    "atria_complete": True,
    "msp360_empty": False,
    "msp360_short": False,
    "msp360_malformed_row": False,
    "msp360_two_companies_one_name": False,
    "meterline_paging": "cursor",
    "meterline_final": True,
    "datto_page_max": 100,
}
# Modules whose rows in the file are all as they should be, and two billing types of Datto RMM.
MODULES = {"SaaS Protection": "2026-10-01", "Datto EDR": "2026-10-01"}
RMM_TYPES = ("AllDevicesMetric", "Servers")

Fact = tuple[object, ...]
Breaking = Callable[[SandboxServer, Path], None]


# -- what each twin has, said by the simulated world, and the same of a record


def _atria_rows(box: SandboxServer) -> list[Fact]:
    return [
        (
            row["customer_code"],
            row["sku"],
            _decimal(row["quantity"]),
            _decimal(row["unit_price"]),
            row["billable"],
            "{}",
        )
        for row in box.control.usage("2026-11-25")
    ]


def _atria_fact(record: UsageRecord) -> Fact:
    return (record.customer_code, record.sku, record.quantity, record.unit_price, record.billable, record.attributes)


def _msp360_rows(box: SandboxServer) -> list[Fact]:
    resale = build_world().resale
    companies = {company.customer_code: (company.company_id, company.name) for company in resale.companies}
    companies[""] = ("(no company)", "(no company)")  # a user directly under the provider

    def fact(customer_code: str, sku: str, amount: int, cost: Decimal | None) -> Fact:
        return (*companies[customer_code], sku, amount, cost)

    rows = []
    for month in resale.backup(Month(2026, 10)):
        code, computers = month.user.customer_code, {machine.computer for machine in month.machines}
        rows += [
            fact(code, "used_space", month.stored, month.storage_cost),
            fact(code, "average_space", month.average, month.storage_cost),
            fact(code, "restore_volume", month.restored, month.restore_cost),
            fact(code, "computers", len(computers), None),
            *([fact(code, "plan", 1, month.plan_cost)] if month.plan_cost else []),
            fact(code, "total", 1, month.total_cost),
        ]
    taken = [held for held in resale.book.licences if held.user is not None and not held.trial]
    return rows + [fact(held.user.customer_code, f"license.{held.licence_type}", 1, None) for held in taken]


def _msp360_fact(record: UsageRecord) -> Fact:
    size = json.loads(record.attributes).get("bytes")
    amount = record.quantity if size is None else int(size)
    return (record.customer_code, record.customer_name, record.sku, amount, record.total_cost)


def _rcloud_rows(box: SandboxServer) -> list[Fact]:
    return [(row.client.name, "billable_space", row.space) for row in build_world().resale.cloud(Month(2026, 10))]


def _rcloud_fact(record: UsageRecord) -> Fact:
    return (record.customer_code, record.sku, record.quantity)


def _meterline_rows(box: SandboxServer) -> list[Fact]:
    import requests

    connection = box.connections()["meterline_default"]
    box.control.change_settings(meterline_page_size=1000)
    try:
        url = f"{connection['host']}/v1/tenants/{METERLINE_TENANT}/usage?from=2026-10-01&to=2026-11-01"
        entries = requests.get(url, headers=connection["extra"], timeout=10).json()["data"]["entries"]
    finally:
        box.control.change_settings(meterline_page_size=20)
    return [
        (row["customer"]["ref"], row["meter"], Decimal(row["amount"]), row["unit"], Decimal(row["cost"]["value"]))
        for row in entries
    ]


def _meterline_fact(record: UsageRecord) -> Fact:
    return (record.customer_code, record.sku, record.quantity, record.unit, record.total_cost)


def _datto_rows(box: SandboxServer, prefix: str = "") -> list[Fact]:
    rmm, today = build_world().modules.rmm, datetime.now(UTC).date()
    devices = defaultdict(list)
    for device in rmm.devices:
        devices[device.site_id].append(device)
    return [
        (
            prefix + site.uid,
            site.name.strip(),
            str(site.company_id or ""),
            f"Datto RMM - {billing_type}",
            Decimal(count),
        )
        for site in rmm.sites
        for billing_type in RMM_TYPES
        for count in [rmm_count(devices[site.site_id], billing_type, today)]
    ]


def _metrics_rows(box: SandboxServer) -> list[Fact]:
    return [
        (
            f"{row.module}: {row.organization.strip()}",
            row.organization.strip(),
            "",
            f"{row.module} - {row.billing_type}",
            row.count,
        )
        for row in build_world().modules.metrics(2026, 10)
        if row.module in MODULES
    ]


def _modules_rows(box: SandboxServer) -> list[Fact]:
    return _datto_rows(box, "Datto RMM: ") + _metrics_rows(box)


def _modules_fact(record: UsageRecord) -> Fact:
    return (record.customer_code, record.customer_name, record.billing_identifier, record.sku, record.quantity)


def _sherweb_fact_of(charge: SherwebCharge, code: str, total: Decimal) -> Fact:
    kind = "unknown" if charge.charge_type == "Unknown" else "setup" if charge.cycle == "OneTime" else ""
    kind = kind or ("credit" if charge.sub_total < 0 < charge.quantity else charge.charge_type.lower())
    return (
        code,
        charge.display_name,
        charge.sku,
        Decimal(format(charge.quantity, ".15g")),  # the digits that a double keeps
        kind,
        {"OneTime": "one_time"}.get(charge.cycle, charge.cycle.lower()),
        (charge.first, charge.last + timedelta(days=1)),
        total,
        charge.currency,
    )


def _sherweb_rows(box: SandboxServer) -> list[Fact]:
    world = build_world().sherweb
    ids = {customer.code: customer.customer_id for customer in world.customers}
    return [
        _sherweb_fact_of(
            charge,
            ids[charge.customer_code],
            charge.sub_total
            + sum(
                (
                    entry.total
                    for entry in charge.deductions
                    if entry.deduction.kind is DeductionType.PERFORMANCE_PERCENTAGE
                ),
                Decimal(0),
            ),
        )
        for charge in world.charges(JULY)
    ]


def _sherweb_invoice_rows(box: SandboxServer) -> list[Fact]:
    charges = build_world().sherweb.charges(JULY)
    return [_sherweb_fact_of(charge, charge.display_name, charge.sub_total) for charge in charges]


def _sherweb_workbook_rows(box: SandboxServer) -> list[Fact]:
    """What a spreadsheet shows: 15 digits of every amount."""
    return [(*fact[:-2], Decimal(format(fact[-2], ".15g")), fact[-1]) for fact in _sherweb_invoice_rows(box)]


def _sherweb_fact(record: UsageRecord) -> Fact:
    return (
        record.customer_code,
        record.customer_name,
        record.sku,
        record.quantity,
        record.kind.value,
        record.billing_cycle,
        (record.covers_from, record.covers_until),
        record.total_cost,
        record.currency,
    )


# -- how each can be short


def _cut(lost_bytes: int) -> Breaking:
    def broken(box: SandboxServer, path: Path) -> None:
        path.write_bytes(path.read_bytes()[:-lost_bytes])

    return broken


def _emptied(box: SandboxServer, path: Path) -> None:
    path.write_bytes(b"")


def _headings_only(box: SandboxServer, path: Path) -> None:
    path.write_bytes(path.read_bytes().split(b"\r\n")[0])


def _cut_module(box: SandboxServer, path: Path) -> None:
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in whole if not line.startswith(b"SaaS Protection")))


def _without_row(number: int) -> Breaking:
    def broken(box: SandboxServer, path: Path) -> None:
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:number] + lines[number + 1 :]))

    return broken


def _sherweb_trouble(name: str) -> Breaking:
    return lambda box, path: box.control.sherweb_troubles([name]) and None


def _moved(instant: str) -> Breaking:
    return lambda box, path: box.control.move_clock(instant) and None


def _faulty(system_key: str, kind: str, endpoint: str = "*") -> Breaking:
    return lambda box, path: box.control.add_fault(kind, system=system_key, endpoint=endpoint, count=0) and None


def _set(**settings: Any) -> Breaking:
    return lambda box, path: box.control.change_settings(**settings) and None


# -- the cases


@dataclass(frozen=True, slots=True)
class SourceCase:
    """One source as it is connected to the sandbox, and the ways in which it can be short."""

    key: str
    rows: Callable[[SandboxServer], list[Fact]]
    fact: Callable[[UsageRecord], Fact]
    period: BillingPeriod = OCTOBER
    variant: str = ""
    twin: str = ""  # key of the simulated system; empty: a file
    billing: str = ""  # the call that brings the rows
    file: str = ""  # name of the report; empty: an API
    url_option: str = "url"  # names the report
    options: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    wrong: dict[str, Any] = field(default_factory=dict)  # connection fields with a credential that is refused
    short: tuple[tuple[str, Breaking], ...] = ()
    rows_min: int = 1
    clock: str = ""  # instant to which the sandbox is moved; empty: it is now

    @property
    def name(self) -> str:
        """How test reports call it."""
        return self.variant or self.key

    def set_clock(self, box: SandboxServer) -> None:
        """Move the sandbox to the day on which the case is read."""
        if self.clock:
            box.control.move_clock(self.clock)

    def write(self, path: Path) -> None:
        """Write the report of the period."""
        if self.key == "rcloud":
            write_rcloud_file(path, build_world().resale, 2026, 10)
        elif self.key == "sherweb_invoice":
            shape = "total" if path.suffix == ".csv" else "xlsx"
            write_sherweb_invoice_file(path, build_world().sherweb, self.period, shape)
        elif "modules" in self.options:
            write_metrics_file(path, build_world().modules, 2026, 10, only=MODULES)
        else:
            export_report(build_world(), self.period, path, path.suffix.removeprefix("."))


METERLINE: dict[str, Any] = {
    "path": f"/v1/tenants/{METERLINE_TENANT}/usage",
    "params": {"from": "{period_start}", "to": "{period_end}"},
    "rows": "data.entries",
    "fields": {
        "customer_code": "customer.ref",
        "customer_name": "customer.title",
        "sku": "meter",
        "quantity": "amount",
        "unit": "unit",
        "total_cost": "cost.value",
        "currency": "cost.currency",
        "period_start": "window.from",
        "period_end": "window.to",
    },
    "complete": "final",
    "record_count": "summary.count",
    "control_total": "summary.amount",
}


def _meterline_case(style: str, paging: dict[str, Any]) -> SourceCase:
    return SourceCase(
        "http_usage",
        _meterline_rows,
        _meterline_fact,
        variant=f"http_usage, {style}",
        twin="meterline",
        billing="GET /v1/tenants/*/usage",
        options={**METERLINE, "paging": paging},
        settings={"meterline_paging": style},
        wrong={"extra": {"X-Api-Key": "wrong-secret-1"}},
        short=(
            ("the vendor says that the usage is not complete (final is False)", _set(meterline_final=False)),
            ("rows came", _faulty("meterline", "short_page")),
            ("rows came", _faulty("meterline", "wrong_total")),
        ),
        rows_min=50,
    )


CASES = (
    SourceCase(
        "atria",
        _atria_rows,
        _atria_fact,
        period=ATRIA_PERIOD,
        twin="atria",
        billing="GET /api/billing/*",
        wrong={"password": "wrong-secret-1"},
        short=(
            ("Atria says that the period's billing is not complete", _set(atria_complete=False)),
            ("rows and sent", _faulty("atria", "short_page")),
            ("rows and sent", _faulty("atria", "wrong_total")),
        ),
        rows_min=1001,
    ),
    SourceCase(
        "atria_report",
        _atria_rows,
        _atria_fact,
        period=ATRIA_PERIOD,
        variant="atria_report, csv",
        file="2026-11-25.csv",
        options={"url": "{period_end}.csv", "whole_file_after_s": 0},
        short=(
            ("is cut off", _cut(80)),
            ("the file is empty", _emptied),
            ("the file breaks off in its headings", _headings_only),
        ),
        rows_min=1001,
    ),
    SourceCase(
        "atria_report",
        _atria_rows,
        _atria_fact,
        period=ATRIA_PERIOD,
        variant="atria_report, xlsx",
        file="2026-11-25.xlsx",
        options={"url": "{period_end}.xlsx", "whole_file_after_s": 0},
        short=(("it is not a whole workbook", _cut(3000)), ("the file is empty", _emptied)),
        rows_min=1001,
    ),
    SourceCase(
        "msp360",
        _msp360_rows,
        _msp360_fact,
        twin="msp360",
        billing="PUT /api/Billing",
        options={"metrics": METRICS},
        wrong={"password": "wrong-secret-1"},
        short=(
            ("MSP360 states AverageSpaceUsed", _set(msp360_short=True)),
            ("MSP360 lists no usage for 2026-10", _set(msp360_empty=True)),
        ),
        rows_min=500,
    ),
    SourceCase(
        "rcloud",
        _rcloud_rows,
        _rcloud_fact,
        file="2026-10.csv",
        options={"url": "{year}-{month}.csv", "whole_file_after_s": 0},
        short=(("may be cut off", _cut(3)), ("is cut off", _cut(15)), ("the file is empty", _emptied)),
        rows_min=25,
    ),
    SourceCase(
        "datto_rmm",
        _datto_rows,
        _modules_fact,
        twin="datto_rmm",
        billing="GET /api/v2/account/devices",
        options={"billing_types": RMM_TYPES},
        wrong={"password": "wrong-secret-1"},
        short=(
            ("devices, ", _faulty("datto_rmm", "wrong_total", "GET /api/v2/account/devices")),
            ("sites, ", _faulty("datto_rmm", "wrong_total", "GET /api/v2/account/sites")),
            ("devices, ", _faulty("datto_rmm", "short_page", "GET /api/v2/account/devices")),
        ),
        rows_min=100,
    ),
    SourceCase(
        "module_metrics",
        _metrics_rows,
        _modules_fact,
        file="2026-10.csv",
        options={"url": "{year}-{month}.csv", "modules": MODULES, "whole_file_after_s": 0},
        short=(
            ("may be cut off", _cut(2)),
            ("is cut off", _cut(25)),
            ("the file is empty", _emptied),
            ("has no row of SaaS Protection", _cut_module),
        ),
        rows_min=50,
    ),
    SourceCase(
        "kaseya_modules",
        _modules_rows,
        _modules_fact,
        twin="datto_rmm",
        billing="GET /api/v2/account/devices",
        file="2026-10.csv",
        url_option="metrics_url",
        options={
            "metrics_url": "{year}-{month}.csv",
            "modules": {"Datto RMM": "2026-10-01", **MODULES},
            "billing_types": RMM_TYPES,
            "whole_file_after_s": 0,
        },
        wrong={"password": "wrong-secret-1"},
        short=(
            ("is cut off", _cut(25)),
            ("devices, ", _faulty("datto_rmm", "wrong_total", "GET /api/v2/account/devices")),
        ),
        rows_min=150,
    ),
    SourceCase(
        "sherweb",
        _sherweb_rows,
        _sherweb_fact,
        period=JULY,
        twin="sherweb",
        billing="GET /distributor/v1/billing/payable-charges",
        options={"customer_id_tag": "CustomerId", "quantity_places": 13},
        wrong={"password": "wrong-secret-1"},
        short=(
            ("Sherweb tells of the billing period 2026-06-01 to 2026-06-30", _sherweb_trouble("wrong_period")),
            ("usage charges are not billed yet", _moved("2026-08-01T06:00:00Z")),
        ),
        rows_min=150,
        clock="2026-08-05T06:00:00Z",
    ),
    SourceCase(
        "sherweb_invoice",
        _sherweb_invoice_rows,
        _sherweb_fact,
        period=JULY,
        variant="sherweb_invoice, csv",
        file="2026-07.csv",
        options={
            "url": "{year}-{month}.csv",
            "cost_basis": "net",
            "quantity_places": 13,
            "whole_file_after_s": 0,
        },
        short=(
            ("is cut off", _cut(5000)),
            ("the file is empty", _emptied),
            ("the file breaks off in its headings", _headings_only),
            ("states a total of", _without_row(7)),
        ),
        rows_min=150,
    ),
    SourceCase(
        "sherweb_invoice",
        _sherweb_workbook_rows,
        _sherweb_fact,
        period=JULY,
        variant="sherweb_invoice, xlsx",
        file="2026-07.xlsx",
        options={
            "url": "{year}-{month}.xlsx",
            "cost_basis": "net",
            "quantity_places": 13,
            "whole_file_after_s": 0,
        },
        short=(("it is not a whole workbook", _cut(3000)), ("the file is empty", _emptied)),
        rows_min=150,
    ),
    _meterline_case("cursor", {"kind": "cursor", "param": "cursor", "next": "data.cursor"}),
    _meterline_case("page", {"kind": "page", "param": "page", "pages": "paging.pages"}),
    _meterline_case("next", {"kind": "link", "next": "next"}),
)
APIS = tuple(case for case in CASES if case.twin)

every_api = pytest.mark.parametrize("case", APIS, ids=lambda case: case.name, indirect=True)


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest, box: SandboxServer) -> Iterator[SourceCase]:
    """One source, with the settings of the sandbox that it needs."""
    found: SourceCase = request.param
    box.control.change_settings(**{**SWITCHES, **found.settings})
    found.set_clock(box)
    yield found
    box.control.change_settings(**SWITCHES)


@pytest.fixture
def folder(case: SourceCase, tmp_path: Path) -> Path:
    """A folder with the report of the period, where the source is one."""
    if case.file:
        case.write(tmp_path / case.file)
    return tmp_path


Maker = Callable[..., Any]


@pytest.fixture
def source_of(case: SourceCase, folder: Path, box: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Maker]:
    """Return a maker of the source; keyword arguments are connection fields, ``elsewhere`` the folder of a file."""
    made: list[Any] = []

    def make(limits: Limits | None = None, elsewhere: Path | None = None, **fields: Any) -> Any:
        source_class, options = system(case.key, "source").hook_class(), dict(case.options)
        if case.file:
            options[case.url_option] = f"{elsewhere or folder}/{options[case.url_option]}"
        if not case.twin:
            return source_class(**options)
        known = box.connections()[f"{case.twin}_default"]
        conn_id = set_connection(monkeypatch, f"source_{len(made)}", **{**known, **fields})
        made.append(source_class(conn_id, limits=limits or Limits(), clocks=FrozenTime().clocks(), **options))
        return made[-1]

    yield make
    for source in made:
        source.client.close()


def test_every_source_of_the_registry_is_covered() -> None:
    """A new source fails here until it has a case."""
    assert {case.key for case in CASES} == {key for key, entry in SYSTEMS.items() if entry.role == "source"}


def test_every_row_is_read_as_it_is(case: SourceCase, box: SandboxServer, source_of: Maker) -> None:
    """Law 12: each row once, in order, with its exact numbers, its texts and the period's dates."""
    source = source_of()
    read = source.read_usage(case.period)

    assert isinstance(source, UsageSource)
    assert (read.complete, read.incomplete_why, read.malformed, read.failed_customers) == (True, "", [], {})
    assert len(read.records) >= case.rows_min
    assert list(map(case.fact, read.records)) == case.rows(box)
    starts, ends = {r.period_start for r in read.records}, {r.period_end for r in read.records}
    assert (starts, ends) in (({None}, {None}), ({case.period.start}, {case.period.end}))
    assert {record.source for record in read.records} == {case.key}
    by_id = {record.record_id: replace(record, position="") for record in read.records}
    assert [by_id[record.record_id] for record in read.records] == [replace(r, position="") for r in read.records]
    assert source.not_ready_why(case.period) == ""


def test_reading_again_gives_the_same(case: SourceCase, source_of: Maker) -> None:
    """Law 9: one period read twice is one snapshot."""
    first, second = (source_of().read_usage(case.period) for _ in range(2))

    assert (first.records, first.control_total) == (second.records, second.control_total)


def test_what_is_stated_is_what_the_rows_sum_to(case: SourceCase, source_of: Maker) -> None:
    """A control total, where there is one, is the sum of all quantities."""
    read = source_of().read_usage(case.period)

    total = sum((record.quantity for record in read.records if record.quantity is not None), Decimal(0))
    assert read.control_total in (None, total)


@pytest.mark.parametrize("case", CASES[:3], ids=lambda case: case.name, indirect=True)
def test_api_and_exported_report_give_the_same_records(
    case: SourceCase, source_of: Maker, box: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever changes from one to the other is billed the same."""

    def content(read: UsageRead) -> list[Any]:
        return [replace(record, source="", position="") for record in read.records]

    api = AtriaHook(set_connection(monkeypatch, "api", **box.connections()["atria_default"]))

    assert content(source_of().read_usage(case.period)) == content(api.read_usage(case.period))


def test_whatever_is_short_is_incomplete_with_the_reason(
    case: SourceCase, folder: Path, box: SandboxServer, source_of: Maker
) -> None:
    """Law 3: a missing page, a cut-off file or an unfinished run is never a period with less usage."""
    for why, broken in case.short:
        whole = (folder / case.file).read_bytes() if case.file else b""
        broken(box, folder / case.file)

        read = source_of().read_usage(case.period)

        assert (read.complete, why in read.incomplete_why) == (False, True), read.incomplete_why
        box.control.clear_faults()
        box.control.sherweb_troubles([])
        case.set_clock(box)
        box.control.change_settings(**{**SWITCHES, **case.settings})
        if case.file:
            (folder / case.file).write_bytes(whole)


def test_a_source_that_cannot_be_read_is_code_03(
    case: SourceCase, tmp_path: Path, box: SandboxServer, source_of: Maker
) -> None:
    """KS03: it is the source's trouble, not the PSA's."""
    if case.twin:
        box.control.add_fault("status", system=case.twin, count=0)

    with pytest.raises(RequestError) as caught:
        source_of(elsewhere=tmp_path / "nowhere").read_usage(case.period)

    assert (caught.value.finding_number, caught.value.failure_class) == (3, FailureClass.SOURCE)


def test_testing_tells_whether_it_can_be_read(case: SourceCase, tmp_path: Path, source_of: Maker) -> None:
    """Before the first run, a person knows."""
    works, _ = source_of().test_connection()

    fails, why = source_of(elsewhere=tmp_path / "no-such-folder", **case.wrong).test_connection()

    assert (works, fails) == (True, False)
    assert any(said in why for said in ("400", "401", "403", "does not exist"))


@every_api
@pytest.mark.parametrize(
    ("kind", "settings", "error"),
    [
        ("status", {"status": 503}, RequestError),
        ("html", {}, UnreadableAnswer),
        ("truncate", {"how": "length"}, UnreadableAnswer),
        ("truncate", {"how": "json"}, UnreadableAnswer),
        ("slow", {"seconds": 0.4}, NoAnswer),
    ],
    ids=str,
)
def test_an_api_survives_passing_trouble_and_reports_lasting_trouble(
    case: SourceCase,
    kind: str,
    settings: dict[str, Any],
    error: type[RequestError],
    box: SandboxServer,
    source_of: Maker,
) -> None:
    """Law 3: an answer that cannot be read is asked for again, and at last an error; never an empty period."""
    source = source_of(limits=Limits(read_timeout_s=0.2, attempts_max=3))
    box.control.add_fault(kind, system=case.twin, endpoint=case.billing, **settings)
    assert len(source.read_usage(case.period).records) >= case.rows_min

    box.control.add_fault(kind, system=case.twin, endpoint=case.billing, count=3, **settings)
    with pytest.raises(error) as caught:
        source.read_usage(case.period)

    assert caught.value.finding_number == 3


@every_api
def test_a_refused_credential_is_told_once(case: SourceCase, box: SandboxServer, source_of: Maker) -> None:
    """What a person made can only be replaced by a person; it is in no text, and no account gets locked."""
    box.control.forget_requests()
    source = source_of(**case.wrong)

    with pytest.raises(SignInRefused) as caught:
        source.read_usage(case.period)

    assert (caught.value.finding_number, caught.value.failure_class) == (3, FailureClass.SOURCE)
    assert "wrong-secret-1" not in f"{caught.value} {caught.value.body}"
    assert box.control.requests()["total"] == 1


@pytest.mark.parametrize(
    ("case", "switch", "field_name"),
    [(CASES[0], "atria_malformed_row", "quantity"), (CASES[3], "msp360_malformed_row", "AverageSpace")],
    ids=["atria", "msp360"],
    indirect=["case"],
)
def test_a_malformed_row_is_named_by_position_and_customer(
    case: SourceCase, switch: str, field_name: str, box: SandboxServer, source_of: Maker
) -> None:
    """Nothing is dropped silently: where, which field, why, whose."""
    box.control.change_settings(**{switch: True})

    read = source_of().read_usage(case.period)

    box.control.change_settings(**{switch: False})
    (row,) = read.malformed
    assert row.position.endswith("]")
    assert row.field == field_name
    assert row.customer_code
    assert row.error.endswith("is not a number")


@pytest.mark.parametrize("case", CASES[:1], ids=lambda case: case.name, indirect=True)
def test_an_unknown_period_has_no_rows(case: SourceCase, box: SandboxServer, source_of: Maker) -> None:
    """Nothing to bill is not an error of the source; KS15 is decided later."""
    box.control.change_settings(atria_empty=True)

    read = source_of().read_usage(case.period)

    assert (read.records, read.complete, read.control_total) == ([], True, Decimal(0))


msp360_only = pytest.mark.parametrize("case", CASES[3:4], ids=lambda case: case.name, indirect=True)


@msp360_only
def test_gigabytes_and_costs_sum_to_what_the_customer_used(case: SourceCase, source_of: Maker) -> None:
    """Law 12: rounded once, on the customer's sum, whatever the number of his users; the money is the source's."""
    resale = build_world().resale
    code_of = {company.company_id: company.customer_code for company in resale.companies} | {"(no company)": ""}
    quantities: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    costs: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for record in source_of().read_usage(case.period).records:
        counted = code_of[record.customer_code], record.sku
        quantities[counted] += Fraction(record.quantity or 0)
        costs[counted] += record.total_cost or 0

    compared = 0
    for (code, sku), quantity in quantities.items():
        amount = resale.book.amount(code, sku, Month(2026, 10))
        if amount is not None:
            compared += 1
            assert abs(quantity - amount.quantity) <= Fraction(1, 2 * 10**12), (code, sku)
            assert amount.cost in (None, costs[code, sku]), (code, sku)
    assert compared > 100


@msp360_only
def test_a_renamed_company_keeps_its_code_and_usage(case: SourceCase, box: SandboxServer, source_of: Maker) -> None:
    """A name is no identity: what is billed stays with the company's id."""
    before = sorted((r.customer_code, r.sku, str(r.quantity)) for r in source_of().read_usage(case.period).records)
    company = next(found for found in build_world().resale.companies if found.name.startswith("Bergmann"))
    box.control.rename_company(company.customer_code, "Bergmann Augenoptik GmbH", "2026-12")

    read = source_of().read_usage(case.period)

    after = sorted((r.customer_code, r.sku, str(r.quantity)) for r in read.records)
    assert after == before
    assert f"the month's billing says {company.name!r}, which is today 'Bergmann Augenoptik GmbH'" in read.notes


@msp360_only
def test_two_companies_of_one_name_are_held_and_the_others_read(
    case: SourceCase, box: SandboxServer, source_of: Maker
) -> None:
    """Law 4: their usage is not merged, and nobody else waits for them."""
    whole = source_of().read_usage(case.period)
    box.control.change_settings(msp360_two_companies_one_name=True)

    read = source_of().read_usage(case.period)

    assert (len(read.failed_customers), read.complete, read.malformed) == (2, True, [])
    held = set(read.failed_customers)
    assert {r.customer_code for r in read.records} == {r.customer_code for r in whole.records} - held


@msp360_only
def test_the_calls_are_three_lists_and_one_per_billed_user(case: SourceCase, source_of: Maker) -> None:
    """Calls are the honest figure: nothing is asked for twice."""
    source = source_of()

    source.read_usage(case.period)

    users = len(build_world().resale.backup(Month(2026, 10)))
    assert dict(source.client.calls) == {
        "POST /api/Provider/Login": 1,
        "GET /api/Companies": 1,
        "GET /api/Users": 1,
        "PUT /api/Billing": 1,
        "GET /api/Licenses": 1,
        "PUT /api/Billing/Details": users,
    }


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
