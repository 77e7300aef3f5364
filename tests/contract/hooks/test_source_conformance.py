"""Every usage source of the registry gives the same records, and never a part for the whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing_providers.errors import FailureClass, NoAnswer, RequestError, SignInRefused, UnreadableAnswer
from billing_providers.hooks.atria_report import AtriaReportSource
from billing_providers.hooks.http.repeats import Limits
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import UsageRead, UsageSource
from billing_providers.registry import SYSTEMS
from billing_providers.sandbox.atria.report import export_report
from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import build_world

PERIOD = BillingPeriod(date(2026, 10, 26), date(2026, 11, 26))
BILLING = "GET /api/billing/*"

Breaking = Callable[[SandboxServer, Path], None]


@dataclass(frozen=True, slots=True)
class SourceCase:
    """One source as it is connected to the sandbox, and the ways in which it can be short."""

    key: str
    file: str = ""  # name of the exported report; empty: an API
    short: tuple[tuple[str, Breaking], ...] = ()

    def source(self, hook_of: Callable[..., Any], folder: Path) -> Any:
        """Return the source, ready to read."""
        if not self.file:
            return hook_of(self.key)
        return AtriaReportSource(f"{folder}/{{period_end}}{Path(self.file).suffix}")


def _cut(lost_bytes: int) -> Breaking:
    def broken(box: SandboxServer, path: Path) -> None:
        path.write_bytes(path.read_bytes()[:-lost_bytes])

    return broken


def _emptied(box: SandboxServer, path: Path) -> None:
    path.write_bytes(b"")


def _headings_only(box: SandboxServer, path: Path) -> None:
    path.write_bytes(path.read_bytes().split(b"\r\n")[0])


def _faulty(kind: str) -> Breaking:
    return lambda box, path: box.control.add_fault(kind, system="atria", count=0) and None


def _unfinished(box: SandboxServer, path: Path) -> None:
    box.control.change_settings(atria_complete=False)


CASES = (
    SourceCase(
        "atria",
        short=(
            ("Atria says that the period's billing is not complete", _unfinished),
            ("rows and sent", _faulty("short_page")),
            ("rows and sent", _faulty("wrong_total")),
        ),
    ),
    SourceCase(
        "atria_report",
        "2026-11-25.csv",
        short=(
            ("is cut off", _cut(80)),
            ("the file is empty", _emptied),
            ("the file breaks off in its headings", _headings_only),
        ),
    ),
    SourceCase(
        "atria_report",
        "2026-11-25.xlsx",
        short=(("it is not a whole workbook", _cut(3000)), ("the file is empty", _emptied)),
    ),
)


@pytest.fixture(params=CASES, ids=lambda case: case.file or case.key)
def case(request: pytest.FixtureRequest) -> SourceCase:
    """One source."""
    found: SourceCase = request.param
    return found


@pytest.fixture
def folder(case: SourceCase, tmp_path: Path) -> Path:
    """A folder with the exported report of the period, where the source is one."""
    if case.file:
        export_report(build_world(), PERIOD, tmp_path / case.file, case.file.rpartition(".")[2])
    return tmp_path


def test_every_source_of_the_registry_is_covered() -> None:
    """A new source fails here until it has a case."""
    assert {case.key for case in CASES} == {key for key, entry in SYSTEMS.items() if entry.role == "source"}


def test_every_row_is_read_as_it_is(
    case: SourceCase, folder: Path, box: SandboxServer, hook_of: Callable[..., Any]
) -> None:
    """Law 12: each row once, in order, with its exact numbers, its texts and the period's dates."""
    source = case.source(hook_of, folder)
    read = source.read_usage(PERIOD)

    assert isinstance(source, UsageSource)
    assert (read.complete, read.incomplete_why, read.malformed) == (True, "", [])
    shown = box.control.usage("2026-11-25")
    assert len(read.records) == len(shown) > 1000
    assert [
        (record.record_id, record.customer_code, record.sku, record.quantity, record.unit_price, record.billable)
        for record in read.records
    ] == [
        (
            row["record_id"],
            row["customer_code"],
            row["sku"],
            Decimal(row["quantity"]),
            None if row["unit_price"] is None else Decimal(row["unit_price"]),
            row["billable"],
        )
        for row in shown
    ]
    assert {(record.period_start, record.period_end) for record in read.records} == {(PERIOD.start, PERIOD.end)}
    assert {record.source for record in read.records} == {case.key}
    assert {record.attributes for record in read.records} == {"{}"}


def test_api_and_exported_report_give_the_same_records(
    case: SourceCase, folder: Path, hook_of: Callable[..., Any]
) -> None:
    """Whoever changes from one to the other is billed the same."""

    def content(read: UsageRead) -> list[Any]:
        return [replace(record, source="", position="") for record in read.records]

    assert content(case.source(hook_of, folder).read_usage(PERIOD)) == content(hook_of("atria").read_usage(PERIOD))


def test_whatever_is_short_is_incomplete_with_the_reason(
    case: SourceCase, folder: Path, box: SandboxServer, hook_of: Callable[..., Any]
) -> None:
    """Law 3: a missing page, a cut-off file or an unfinished run is never a period with less usage."""
    for why, broken in case.short:
        whole = (folder / case.file).read_bytes() if case.file else b""
        broken(box, folder / case.file)

        read = case.source(hook_of, folder).read_usage(PERIOD)

        assert (read.complete, why in read.incomplete_why) == (False, True), read.incomplete_why
        box.control.clear_faults()
        box.control.change_settings(atria_complete=True)
        if case.file:
            (folder / case.file).write_bytes(whole)


def test_a_source_that_cannot_be_read_is_code_03(
    case: SourceCase, tmp_path: Path, box: SandboxServer, hook_of: Callable[..., Any]
) -> None:
    """KS03: it is the source's trouble, not the PSA's."""
    box.control.add_fault("status", system="atria", count=0)

    with pytest.raises(RequestError) as caught:
        case.source(hook_of, tmp_path).read_usage(PERIOD)  # no report was exported there

    assert (caught.value.finding_number, caught.value.failure_class) == (3, FailureClass.SOURCE)


def test_testing_tells_whether_it_can_be_read(
    case: SourceCase, folder: Path, tmp_path_factory: pytest.TempPathFactory, hook_of: Callable[..., Any]
) -> None:
    """Before the first run, a person knows."""
    works, _ = case.source(hook_of, folder).test_connection()
    elsewhere = tmp_path_factory.getbasetemp() / "no-such-folder"
    broken = hook_of("atria", password="wrong-token-1") if not case.file else case.source(hook_of, elsewhere)

    fails, why = broken.test_connection()

    assert (works, fails) == (True, False)
    assert "401" in why or "does not exist" in why


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
    kind: str, settings: dict[str, Any], error: type[RequestError], box: SandboxServer, hook_of: Callable[..., Any]
) -> None:
    """Law 3: an answer that cannot be read is asked for again, and at last an error; never an empty period."""
    hook = hook_of("atria", limits=Limits(read_timeout_s=0.2, attempts_max=3))
    box.control.add_fault(kind, system="atria", endpoint=BILLING, **settings)
    assert len(hook.read_usage(PERIOD).records) > 1000

    box.control.add_fault(kind, system="atria", endpoint=BILLING, count=3, **settings)
    with pytest.raises(error) as caught:
        hook.read_usage(PERIOD)

    assert caught.value.finding_number == 3


def test_a_refused_token_is_told_once(box: SandboxServer, hook_of: Callable[..., Any]) -> None:
    """A token that a person made can only be replaced by a person; it is in no text."""
    hook = hook_of("atria", password="wrong-token-1")

    with pytest.raises(SignInRefused) as caught:
        hook.read_usage(PERIOD)

    assert (caught.value.finding_number, caught.value.failure_class) == (3, FailureClass.SOURCE)
    assert "wrong-token-1" not in str(caught.value)
    assert box.control.requests()["total"] == 1


def test_a_malformed_row_is_named_by_position_and_customer(box: SandboxServer, hook_of: Callable[..., Any]) -> None:
    """Nothing is dropped silently: where, which field, why, whose."""
    box.control.change_settings(atria_malformed_row=True)

    read = hook_of("atria").read_usage(PERIOD)

    (row,) = read.malformed
    assert row.position.startswith("items[")
    assert row.field == "quantity"
    assert row.customer_code
    assert row.error.endswith("is not a number")


def test_an_unknown_period_has_no_rows(box: SandboxServer, hook_of: Callable[..., Any]) -> None:
    """Nothing to bill is not an error of the source; KS15 is decided later."""
    box.control.change_settings(atria_empty=True)

    read = hook_of("atria").read_usage(PERIOD)

    assert (read.records, read.complete, read.control_total) == ([], True, Decimal(0))
