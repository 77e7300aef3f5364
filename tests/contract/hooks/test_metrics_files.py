"""The simulated metrics files, written from the same facts by other hands: every shape, and every trouble."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from billing_providers.engine.intake import Intake, check_usage
from billing_providers.errors import SettingsError
from billing_providers.hooks.module_metrics import ModuleMetricsSource
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.settings import Policy
from billing_providers.model.source import UsageRead
from billing_providers.registry import voice
from billing_providers.sandbox.modules_file.file import write_metrics_file
from billing_providers.sandbox.modules_file.shapes import SHAPES
from billing_providers.sandbox.modules_file.troubles import SUFFERING, TROUBLES
from billing_providers.sandbox.world import build_world

JULY = BillingPeriod(date(2026, 7, 1), date(2026, 8, 1), "Europe/London")
MODULES = {"SaaS Protection": "2026-07-01", "BullPhish ID": "2026-07-01"}
TENANT = build_world().modules
ROWS = [row for row in TENANT.metrics(2026, 7) if row.module in MODULES]
STATED = [(row.module, row.organization.strip(), row.billing_type, row.count) for row in ROWS]
FIRST = f"BullPhish ID: {SUFFERING}"
UNASKED = {row.module for row in TENANT.metrics(2026, 7)} - set(MODULES)  # modules that the settings do not name
BELOW_ZERO = "BullPhish ID: Negasmith Recruitment"  # the tenant's own bad row, in every month and shape
ALL = tuple(sorted({f"{row.module}: {row.organization.strip()}" for row in ROWS}))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a troubled file."""

    why: str = ""  # incomplete; one of several texts
    waits: bool = True  # such a file is also waited for
    refused: str = ""  # a settings error
    held: tuple[str, ...] = ()  # who is held, the others go on


OUTCOMES = {
    "": Outcome(),
    "last_month": Outcome(),  # without a date, only the person who names the file can tell
    "relabelled": Outcome(),
    "other_date": Outcome(),
    "several_days": Outcome(held=ALL),  # a file of every day: each organization has two counts
    "module_gone": Outcome(why="the file has no row of SaaS Protection"),
    "unknown_module": Outcome(held=("Kaseya Toaster",)),
    "negative": Outcome(held=(FIRST,)),
    "fractional": Outcome(held=(FIRST,)),
    "repeated": Outcome(),
    "repeated_with_other_count": Outcome(held=(FIRST,)),
    "without_organization": Outcome(why="name no customer", waits=False),
    "without_billing_type": Outcome(held=(FIRST,)),
    "truth": Outcome(),
    "empty_cell": Outcome(held=(FIRST,)),
    "text_cell": Outcome(held=(FIRST,)),
    "formula": Outcome(held=(FIRST,)),
    "error_cell": Outcome(held=(FIRST,)),
    "heading_only": Outcome(why="has no rows so far"),
    "missing_column": Outcome(refused="count: no column has this heading"),
    "wrong_column": Outcome(refused="count: no column has this heading; did you mean 'Quantity Used'"),
    "half_written": Outcome(why="cut off|cannot be read|not a whole workbook"),
    "no_bytes": Outcome(why="is empty so far"),
}


def source_of(folder: Path, shape: str, trouble: str = "") -> ModuleMetricsSource:
    kind = SHAPES[shape].kind
    path = folder / f"metrics-2026-07.{kind}"
    only = () if trouble == "unknown_module" else MODULES
    write_metrics_file(path, TENANT, 2026, 7, shape, trouble, only=only)
    os.utime(path, (1_750_000_000, 1_750_000_000))
    return ModuleMetricsSource(f"file://{folder}/metrics-{{year}}-{{month}}.{kind}", modules=MODULES)


def intake_of(read: UsageRead) -> Intake:
    policy = Policy(malformed_share_max=Decimal("0.5"))
    return check_usage(read, JULY, policy, voice("kaseya_bms", "module_metrics"))


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "dated_european"])
def test_every_shape_gives_the_counts_that_the_modules_state(shape: str, tmp_path: Path) -> None:
    """Law 12: encoding, delimiter and decimal mark are the file's; the counts are the same."""
    source = source_of(tmp_path, shape)
    assert source.not_ready_why(JULY) == ""
    read = source.read_usage(JULY)

    assert (read.complete, read.failed_customers) == (True, {})
    assert [(row.customer_name, row.error[-11:]) for row in read.malformed] == [
        ("Negasmith Recruitment", "is negative")
    ]
    counted = [row for row in STATED if row[3] >= 0]
    assert [record.quantity for record in read.records] == [count for *_, count in counted]
    assert [record.sku for record in read.records] == [f"{module} - {kind}" for module, _, kind, _ in counted]
    if shape != "cp1252":  # which lacks some letters
        assert [record.customer_name for record in read.records] == [name for _, name, _, _ in counted]
    codes = {record.customer_code for record in read.records}
    assert (codes | {BELOW_ZERO} == set(ALL)) is (shape not in {"wide", "cp1252"})
    dated = {(record.period_start, record.period_end) for record in read.records}
    assert dated in ({(None, None)}, {(JULY.start, JULY.end)})


def test_a_day_that_has_two_readings_is_no_day(tmp_path: Path) -> None:
    """06/07/2026 is June in one country and July in another; nothing is billed by it."""
    intake = intake_of(source_of(tmp_path, "dated_european").read_usage(JULY))

    assert intake.complete is False
    assert intake.malformed_count == len(ROWS)


def test_every_trouble_has_an_outcome_here() -> None:
    """A new one fails until somebody has decided what becomes of it."""
    assert set(OUTCOMES) == set(TROUBLES)


@pytest.mark.parametrize("shape", ["plain", "semicolon", "xlsx"])
@pytest.mark.parametrize("trouble", OUTCOMES)
def test_a_troubled_file_stops_what_it_must_and_nothing_else(shape: str, trouble: str, tmp_path: Path) -> None:
    """Laws 3 and 10: the file where nothing can be trusted, else one organization of one module."""
    wanted, source = OUTCOMES[trouble], source_of(tmp_path, shape, trouble)
    if wanted.refused:
        for ask in (source.not_ready_why, source.read_usage):
            with pytest.raises(SettingsError, match=wanted.refused):
                ask(JULY)
        return

    intake = intake_of(source.read_usage(JULY))

    assert intake.complete is not bool(wanted.why)
    if wanted.why:
        assert any(why in intake.incomplete_why for why in wanted.why.split("|")), intake.incomplete_why
    else:
        held = set(intake.held_customers)
        assert held == {BELOW_ZERO, *wanted.held, *(UNASKED if trouble == "unknown_module" else ())}
    assert bool(source.not_ready_why(JULY)) is (bool(wanted.why) and wanted.waits)


def test_a_file_of_last_month_tells_itself_by_its_dates(tmp_path: Path) -> None:
    """A stale export is waited for; a single row of it holds its own organization."""
    held = intake_of(source_of(tmp_path, "dated", "other_date").read_usage(JULY)).held_customers

    assert set(held) == {BELOW_ZERO, FIRST}
    stale = source_of(tmp_path, "dated", "last_month")
    assert "no row is of the billing period" in stale.not_ready_why(JULY)
    assert intake_of(stale.read_usage(JULY)).complete is False
