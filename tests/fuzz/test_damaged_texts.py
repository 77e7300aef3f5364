"""NUL characters and halves of characters: no ledger holds them, so they are findings and never billed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from billing_providers.engine.sound_texts import sound_texts
from billing_providers.errors import SettingsError
from billing_providers.model.findings import FindingVoice
from billing_providers.model.source import MalformedRow, UsageRead
from tests.fuzz.tape import Tape
from tests.support.closing import closing
from tests.support.postgres import fresh_schema
from tests.support.usage_rows import row


def read_of(*records: Any, **facts: Any) -> UsageRead:
    return UsageRead(records=list(records), origin="file", **facts)


def test_sound_readings_are_left_as_they_are() -> None:
    """Letters of every language, signs and control characters that a ledger holds are no damage."""
    read = read_of(row(1, customer_name="Zoë 漢字 🧾\x1b\t\r\n"), row(2), notes=["ﬀ"], incomplete_why="", complete=True)

    assert sound_texts(read) == read


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Asp\0 Ltd", r"'Asp\x00 Ltd' holds a NUL character"),
        ("Asp\ud83e Ltd", r"'Asp\ud83e Ltd' holds half a character (an unpaired surrogate)"),
    ],
)
def test_a_damaged_text_makes_its_row_malformed_and_the_others_go_on(text: str, why: str) -> None:
    """What cannot be stored cannot be traced, so its customer is held by name; one bad row stops nobody else."""
    read = sound_texts(read_of(row(1, position="row 2", customer_name=text), row(2, customer_code="FR1")))

    assert [record.customer_code for record in read.records] == ["FR1"]
    (malformed,) = read.malformed
    assert (malformed.position, malformed.field, malformed.error) == ("row 2", "customer_name", why)
    assert malformed.customer_code == "ASP"


def test_a_damaged_customer_code_is_no_code() -> None:
    """``ASP`` with a NUL behind it may be ASP or anybody: the row names nobody, which makes the extract incomplete."""
    read = sound_texts(read_of(row(1, customer_code="ASP\0"), malformed=[MalformedRow("row 9", "x", "y", "\udc00")]))

    assert read.records == []
    assert [malformed.customer_code for malformed in read.malformed] == ["", ""]


def test_a_customer_that_failed_under_a_damaged_code_makes_the_extract_incomplete() -> None:
    """Nobody knows whom to hold, so nobody's lines are set to zero."""
    read = sound_texts(read_of(row(1), failed_customers={"FR1\0": "timeout"}))

    assert not read.complete
    assert read.incomplete_why == r"1 customers that could not be read have damaged codes (first: 'FR1\x00')"
    assert read.failed_customers == {"FR1\\u0000": "timeout"}


def test_damage_in_further_fields_stays_the_same_json_value() -> None:
    """Evidence that nobody bills by holds nobody; it is kept as JSON writes it."""
    record = row(1, attributes=json.dumps({"note": "a\ud800b\0"}, ensure_ascii=False))

    read = sound_texts(read_of(record, row(2)))

    assert read.malformed == []
    assert json.loads(read.records[0].attributes) == {"note": "a\ud800b\0"}
    assert read.records[0].attributes.encode() == rb'{"note": "a\ud800b\u0000"}'


def test_a_reason_that_repeats_a_whole_file_is_cut() -> None:
    """A finding is read by people, mailed and stored; what was sent is in the source."""
    read = sound_texts(read_of(malformed=[MalformedRow("row 1", "sku", "x" * 1_000_000, "ASP")]))

    assert read.malformed[0].error == "x" * 2000 + "… (1000000 characters)"


def test_findings_and_errors_never_hold_what_no_ledger_holds() -> None:
    """Every text that is stored, mailed or logged is one that can be."""
    finding = FindingVoice().finding(154, note="a\0b", customer="FR1\ud800")

    assert finding.message == r"Atria: a\u0000b"
    assert dict(finding.subject) == {"customer": r"FR1\ud800", "note": r"a\u0000b"}
    assert str(SettingsError("no\0", key="\ud800")) == r"\ud800: no\u0000"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of an empty ledger of either kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    else:
        with fresh_schema() as schema:
            yield schema


@pytest.mark.parametrize("text", ["\0", "\ud800"])
def test_a_damaged_row_is_a_finding_of_its_run_on_every_ledger(tmp_path: Path, ledger_url: str, text: str) -> None:
    """It used to stop the run with a fault of the ledger; now the customer is held, and nothing of it is planned."""

    def damaged(content: bytes) -> bytes:
        body = json.loads(content)
        rows = next(value for value in body.values() if isinstance(value, list))
        rows[0]["lineDescription"] = f"Premium{text}"
        return json.dumps(body).encode()

    with closing(tmp_path, ledger_url=ledger_url) as msp, Tape().playing() as tape:
        tape.spoiled_part, tape.spoil = "/api/billing/", damaged

        run = msp.run("r1", billing_period="2026-10-01", dry_run=True)
        run.plan()

        assert tape.hits
        (finding,) = [found for found in run.findings() if found.number == 107]
        held = finding.about("customer")
        assert "cannot be read" in run.usage["held_customers"][held]
        assert "holds " in finding.message
        assert finding.message.encode()
        changes = run.ledger.diffs.load(run.diff["digest"]).changes
        customers = {code for change in changes for code in change.customer_codes}
        assert held not in customers
        assert msp.written() == []


def test_a_sound_row_again_is_none_of_this(tmp_path: Path) -> None:
    """The records of a real source are all sound: nothing is held that was not held before."""
    read = read_of(*[replace(row(number), position=f"row {number}") for number in range(10_000)])

    assert sound_texts(read).records == read.records
