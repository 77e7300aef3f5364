"""The simulated rCloud's files, written from the same facts by other hands: every shape, and every trouble."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from billing_providers.engine.intake import Intake, check_usage
from billing_providers.errors import SettingsError
from billing_providers.hooks.rcloud import RCloudUsageSource
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.settings import Policy
from billing_providers.model.source import UsageRead
from billing_providers.registry import voice
from billing_providers.sandbox.rcloud.file import write_rcloud_file
from billing_providers.sandbox.rcloud.shapes import SHAPES
from billing_providers.sandbox.rcloud.troubles import TROUBLES
from billing_providers.sandbox.world import build_world
from billing_providers.sandbox.world.resale.backup_records import Month

JULY = BillingPeriod(date(2026, 7, 1), date(2026, 8, 1), "Europe/London")
RESALE = build_world().resale
STATED = [(row.client.name, row.space) for row in RESALE.cloud(Month(2026, 7))]
FIRST = STATED[0][0]
# A single bad row among few clients is more than the usual share; here only its own client is of interest.
POLICY = Policy(malformed_share_max=Decimal("0.5"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a troubled file."""

    why: str = ""  # incomplete, and waited for
    refused: str = ""  # a settings error
    held: tuple[str, ...] = ()  # clients that are held, the others go on


OUTCOMES = {
    "": Outcome(),
    "last_month": Outcome(why="it is last month's file"),
    "relabelled": Outcome(),  # only the figures of the month before tell; never_repeats says to compare
    "one_row_of_last_month": Outcome(held=(STATED[-1][0],)),
    "repeated": Outcome(),
    "repeated_with_other_number": Outcome(held=(FIRST,)),
    "formula": Outcome(held=(FIRST,)),
    "error_cell": Outcome(held=(FIRST,)),
    "empty_cell": Outcome(held=(FIRST,)),
    "text_cell": Outcome(held=(FIRST,)),
    "negative": Outcome(held=(FIRST,)),
    "without_client": Outcome(why="name no customer"),
    "heading_only": Outcome(why="has no rows so far"),
    "half_written": Outcome(why="cut off|cannot be read|not a whole workbook"),
    "wrong_column": Outcome(refused="billable_space: no column has this heading"),
    "no_bytes": Outcome(why="is empty so far"),
}


def source_of(folder: Path, shape: str, trouble: str = "") -> RCloudUsageSource:
    path = folder / f"rcloud-2026-07.{SHAPES[shape].kind}"
    write_rcloud_file(path, RESALE, 2026, 7, shape, trouble)
    os.utime(path, (1_750_000_000, 1_750_000_000))
    return RCloudUsageSource(f"file://{folder}/rcloud-{{year}}-{{month}}.{SHAPES[shape].kind}")


def intake_of(read: UsageRead) -> Intake:
    return check_usage(read, JULY, POLICY, voice("connectwise", "rcloud"))


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "ambiguous"])
def test_every_shape_gives_the_figures_that_rcloud_states(shape: str, tmp_path: Path) -> None:
    """Law 12: encoding, delimiter, decimal mark and month are the file's; the figures are the same."""
    source = source_of(tmp_path, shape)
    assert source.not_ready_why(JULY) == ""
    read = source.read_usage(JULY)

    assert (read.complete, read.malformed, read.failed_customers) == (True, [], {})
    assert [record.quantity for record in read.records] == [space for _, space in STATED]
    if shape != "cp1252":  # which lacks some letters
        assert [record.customer_code for record in read.records] == [name for name, _ in STATED]
    assert any(record.billing_identifier for record in read.records) == SHAPES[shape].managed_id
    assert {(record.period_start, record.period_end, record.unit) for record in read.records} == {
        (JULY.start, JULY.end, "GB")
    }


def test_a_file_whose_numbers_have_two_readings_asks_a_person(tmp_path: Path) -> None:
    """1,235 is a thousand gigabytes or one and a bit."""
    with pytest.raises(SettingsError, match="number_format: the numbers of the file can be read in two ways"):
        source_of(tmp_path, "ambiguous").read_usage(JULY)


def test_every_trouble_has_an_outcome_here() -> None:
    """A new one fails until somebody has decided what becomes of it."""
    assert set(OUTCOMES) == set(TROUBLES)


@pytest.mark.parametrize("shape", ["plain", "german", "xlsx"])
@pytest.mark.parametrize("trouble", OUTCOMES)
def test_a_troubled_file_stops_what_it_must_and_nothing_else(shape: str, trouble: str, tmp_path: Path) -> None:
    """Laws 3 and 10: the file where nothing can be trusted, else the client alone."""
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
        waited = source.not_ready_why(JULY)
        assert trouble == "without_client" or any(why in waited for why in wanted.why.split("|")), waited
    else:
        assert tuple(intake.held_customers) == wanted.held
        assert source.not_ready_why(JULY) == ""


def test_a_client_that_comes_again_is_counted_once(tmp_path: Path) -> None:
    """Never summed: the note says which row was left out."""
    read = source_of(tmp_path, "plain", "repeated").read_usage(JULY)

    assert [(record.customer_code, record.quantity) for record in read.records] == STATED
    assert read.notes == [
        f"1 rows repeat an earlier row of their client and are counted once: row {len(STATED) + 2} (as row 2)"
    ]
