from __future__ import annotations

import csv
import dataclasses
import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing_providers.errors import (
    ArtifactError,
    LedgerError,
    NoAnswer,
    PeriodError,
    PushRefused,
    RequestError,
    SecretsError,
    SettingsError,
    SignInRefused,
    Unreachable,
)
from billing_providers.model.changes import ChangeKind, FieldChange, LineField
from billing_providers.model.findings import FindingVoice
from billing_providers.model.journal import JournalEntry, JournalState
from billing_providers.model.record_link import RecordLink
from billing_providers.model.settings import IntegrationSettings
from billing_providers.operators.faults import finding_of_error, worth_a_retry
from billing_providers.steps.artifacts import write_change_list, write_result_list
from billing_providers.steps.review_text import review_text
from tests.support.diffs import change, diff_of


@pytest.mark.parametrize(
    ("error", "code", "retry"),
    [
        (PeriodError("bad", key="billing_period", value="x"), "KS10", False),
        (SettingsError("bad", finding_number=12, value="T&M", allowed="Recurring Services"), "KS12", False),
        (SettingsError("bad", where="rules.yaml"), "KS13", False),
        (SecretsError("missing", where="kaseya_bms_default"), "KS16", False),
        (SecretsError("empty", where="kaseya_bms_default", key="tenant", finding_number=21), "KS21", False),
        (SettingsError("empty", where="kaseya_bms_default", finding_number=20), "KS20", False),
        (SignInRefused("wrong password"), "KS17", False),
        (Unreachable("refused"), "KS02", True),
        (NoAnswer("timed out", finding_number=3), "KS03", True),
        (RequestError("odd"), "KS02", False),
        (LedgerError("disk full"), "KS144", True),
        (ArtifactError("no room"), "KS144", True),
        (PushRefused("no decision"), "KS144", False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_every_fault_of_a_run_has_a_code_and_is_retried_only_where_that_may_help(error, code, retry):
    """Errors for people; what needs a person is not tried again."""
    finding = finding_of_error(error, FindingVoice())

    assert (finding.code, worth_a_retry(error)) == (code, retry)
    assert finding.about("failure_class") == error.failure_class.value
    assert "{" not in finding.message


@pytest.mark.parametrize(
    ("folder", "why"),
    [
        ("file:///dev/null/billing", "Not a directory"),
        ("nowhere://bucket/billing", "Unsupported filesystem: 'nowhere'"),
        ("abfs://bucket/billing", "Install adlfs"),
    ],
)
def test_a_file_that_cannot_be_written_says_which_where_why_and_what_to_do(folder, why):
    """An artifact folder is a setting: no room, no right, no such scheme or a missing package is told alike."""
    settings = IntegrationSettings("demo", "atria", "kaseya_bms", artifacts=folder)

    with pytest.raises(ArtifactError) as caught:
        write_change_list(settings, diff_of(change()))

    message = str(caught.value)
    assert f".csv cannot be written to {folder}/demo (setting artifacts): " in message
    assert why in message
    assert message.endswith("; allowed: a folder with room that every worker may write to")


def test_a_change_list_opens_in_a_spreadsheet_without_running_formulas(tmp_path):
    """Exports carry no formula into a spreadsheet, and negative numbers stay numbers."""
    settings = IntegrationSettings("demo", "atria", "kaseya_bms", artifacts=f"file://{tmp_path}")
    evil = change(account_name='=HYPERLINK("x")', service_name="@sum", quantity_before=Decimal("-2"))
    write_change_list(settings, diff_of(evil))

    (path,) = (tmp_path / "demo").iterdir()
    (row,) = csv.DictReader(path.read_text("utf-8-sig").splitlines())
    assert (row["account"], row["service"], row["quantity before"]) == ('\'=HYPERLINK("x")', "'@sum", "-2")


def test_a_change_list_tells_everything_that_a_change_sets(tmp_path):
    """A person who keys the list in must find cost, price and text beside the quantity."""
    settings = IntegrationSettings("demo", "atria", "kaseya_bms", artifacts=f"file://{tmp_path}")
    costed = change(
        fields=(FieldChange(LineField.INVOICE_TEXT, None, "Backup"), FieldChange(LineField.UNIT_COST, "6", "7"))
    )
    write_change_list(settings, diff_of(costed))

    (path,) = (tmp_path / "demo").iterdir()
    (row,) = csv.DictReader(path.read_text("utf-8-sig").splitlines())
    assert row["also set"] == "invoice_text empty → Backup, unit_cost 6 → 7"
    assert (row["unit cost"], row["unit price"], row["margin"]) == ("7", "10", "15")


def test_the_review_previews_texts_and_prices():
    """What is approved is what is shown: also the invoice text."""
    text = review_text(diff_of(change(fields=(FieldChange(LineField.INVOICE_TEXT, "old", "new | text"),))), "")

    assert "| 3 | 5 | 15 | invoice_text old → new \\| text |" in text
    assert "\nMargin of 1 changed lines as they end: 15.\n" in text


def test_the_review_shows_held_changes_first_and_names_the_digest():
    """What is approved is exactly what is shown, bound to its digest."""
    free = change("c1", quantity_after=Decimal(4000))
    held = change("c2", account_name="Pipe | Co", held_by=("KS114",))
    text = review_text(diff_of(free, held), "file:///changes.csv")

    rows = [row for row in text.splitlines() if row.startswith("|")][2:]
    assert rows[0].startswith("| KS114 | Pipe \\| Co | MS365-BP | 3 | 5 |")
    assert rows[1].startswith("|  | Aspen Ltd | MS365-BP | 3 | 4000 |")
    assert f"Digest `{'d' * 64}`" in text


LINK = "https://psa.example/open?recid={contract_id}&company=acme"


def test_the_review_and_the_change_list_open_the_contract_in_the_psa(tmp_path):
    """One click from the number to the record."""
    settings = IntegrationSettings("demo", "atria", "kaseya_bms", artifacts=f"file://{tmp_path}", contract_link=LINK)
    linked = change(service_name="Backup [GB]", contract_id="11/2")
    write_change_list(settings, diff_of(linked))

    (path,) = (tmp_path / "demo").iterdir()
    (row,) = csv.DictReader(path.read_text("utf-8-sig").splitlines())
    address = "https://psa.example/open?recid=11%2F2&company=acme"
    assert row["link"] == address
    assert f"| [Backup \\[GB\\]]({address}) |" in review_text(diff_of(linked), "", link=RecordLink(LINK))


def test_the_review_leads_to_the_page_that_shows_all_of_it() -> None:
    """The question itself has room for a few lines only."""
    text = review_text(diff_of(change()), "", page="/billing/review?dag_id=d&run_id=r")

    assert "(/billing/review?dag_id=d&run_id=r)" in text
    assert "/billing/" not in review_text(diff_of(change()), "")


def test_what_was_read_back_stands_beside_what_was_wanted(tmp_path):
    """The list of results has every change, also one that never reached the push."""
    settings = IntegrationSettings("demo", "atria", "kaseya_bms", artifacts=f"file://{tmp_path}", contract_link=LINK)
    pushed, waiting = change("c1"), change("c2", kind=ChangeKind.ADD_LINE, line_id="", quantity_before=None)
    entry = JournalEntry(
        "t", "demo", date(2026, 10, 1), "run", "d" * 64, "c1", "100", "11", ("ASP",), ("MS365-BP",),
        JournalState.MISMATCH, datetime(2026, 11, 1, tzinfo=UTC), Decimal(3), Decimal(5), Decimal("4.50"), "",
        "differs",
    )  # fmt: skip
    write_result_list(settings, diff_of(pushed, waiting), {"c1": entry})

    (path,) = (tmp_path / "demo").iterdir()
    first, second = csv.DictReader(path.read_text("utf-8-sig").splitlines())
    assert (first["quantity wanted"], first["quantity read back"], first["state"]) == ("5", "4.5", "mismatch")
    assert (second["state"], second["quantity read back"], second["line id"]) == ("not pushed", "", "")
    assert first["link"].startswith("https://psa.example/open?recid=")
    assert [first["margin"], second["margin"]] == ["", ""]  # nobody knows what either line brings in

    write_result_list(settings, diff_of(pushed), {"c1": dataclasses.replace(entry, state=JournalState.VERIFIED)})
    (row,) = csv.DictReader(path.read_text("utf-8-sig").splitlines())
    assert row["margin"] == "15"


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("https://psa.example/{contract}", "unknown place {contract}"),
        ("psa.example/{contract_id}", "is no web address"),
        ("javascript:alert({contract_id})", "is no web address"),
        ("https://psa.example/{contract_id", "is no web address"),
    ],
)
def test_a_link_that_cannot_work_is_refused_when_the_dag_is_loaded(template, says):
    """Never a dead or dangerous link in a review."""
    with pytest.raises(SettingsError, match=re.escape(f"contract_link: {says}")):
        IntegrationSettings("demo", "atria", "kaseya_bms", contract_link=template)
