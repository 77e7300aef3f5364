"""Findings are found, counted and cut into pages by the database, and what is said about them is kept."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy

from billing_providers.ledger.ledger import Ledger
from billing_providers.ledger.paging import Slice
from billing_providers.model.finding_cause import cause_of
from billing_providers.model.findings import Finding, FindingVoice
from billing_providers.model.seen_findings import FindingFilter, FindingNote, FindingOrder, GroupedBy
from tests.support.ledger_values import NOON, run_record

INTEGRATION = "atria_to_kaseya_bms"
OLD, NEW = f"{INTEGRATION}/september", f"{INTEGRATION}/october"
VOICE = FindingVoice()


def mismatch(customer: str, service: str = "O365") -> Finding:
    """An error about a line."""
    names = {"customer": customer, "customer_name": f"{customer} & Söhne", "service": service}
    return VOICE.finding(122, **names, after="12", observed="11")


def rounded(customer: str, quantity: str = "1.5") -> Finding:
    """Information about a line."""
    names = {"customer": customer, "customer_name": customer.title(), "service": "O365"}
    return VOICE.finding(131, **names, quantity=quantity, after="2", rule="up")


@pytest.fixture
def months(ledger: Ledger) -> Ledger:
    """Two periods; the newer one has two findings that the older one had as well, with other figures."""
    ledger.runs.start(run_record(run_key=OLD, period_start=date(2026, 9, 1), period_end=date(2026, 10, 1)))
    ledger.runs.start(run_record(run_key=NEW, started_at=NOON + timedelta(days=30)))
    ledger.findings.replace(OLD, "push", [mismatch("ASP"), rounded("BEE", "1.25")])
    ledger.findings.replace(NEW, "plan", [rounded("BEE"), rounded("CED")])
    ledger.findings.replace(NEW, "push", [mismatch("ASP"), mismatch("ÄRZ_T", service="100%")])
    return ledger


def note(**changes: object) -> FindingNote:
    values: dict[str, object] = {
        "integration": INTEGRATION, "cause": cause_of(mismatch("ASP")), "seq": 0, "owner": "ann", "note": "asked them",
        "written_by": "bob", "written_at": NOON,
    }  # fmt: skip
    return FindingNote(**{**values, **changes})  # type: ignore[arg-type]


def test_errors_come_first_with_how_often_each_was_seen(months: Ledger) -> None:
    """What was there last month already is told from what is new."""
    page = months.finding_pages.page([NEW], FindingFilter(), Slice())

    assert [(one.finding.code, one.customer, one.periods, one.first_seen) for one in page.items] == [
        ("KS122", "ASP", 2, date(2026, 9, 1)),
        ("KS122", "ÄRZ_T", 1, date(2026, 10, 1)),
        ("KS131", "BEE", 2, date(2026, 9, 1)),
        ("KS131", "CED", 1, date(2026, 10, 1)),
    ]
    assert page.total == 4
    assert page.items[0].finding == mismatch("ASP")


def test_a_page_knows_how_many_there_are(months: Ledger) -> None:
    """The second page of two holds the rest; what is exported is all of it in the same order."""
    page = months.finding_pages.page([NEW], FindingFilter(), Slice(2, 3))
    every = list(months.finding_pages.each([NEW], FindingFilter()))

    assert ([one.customer for one in page.items], page.total, page.pages) == (["CED"], 4, 2)
    assert [one.customer for one in every] == ["ASP", "ÄRZ_T", "BEE", "CED"]
    assert every[3:] == list(page.items)


@pytest.mark.parametrize(
    ("wanted", "customers"),
    [
        (FindingFilter(code="KS131"), ["BEE", "CED"]),
        (FindingFilter(level="error"), ["ASP", "ÄRZ_T"]),
        (FindingFilter(customer="CED"), ["CED"]),
        (FindingFilter(words="SÖHNE"), ["ASP", "ÄRZ_T"]),
        (FindingFilter(words="ärz_"), ["ÄRZ_T"]),
        (FindingFilter(words="z%"), []),
        (FindingFilter(words="100%"), ["ÄRZ_T"]),
        (FindingFilter(words="Plan"), ["BEE", "CED"]),
        (FindingFilter(words="ks122"), ["ASP", "ÄRZ_T"]),
        (FindingFilter(words="'; DROP TABLE billing_findings"), []),
        (FindingFilter(order=FindingOrder.CUSTOMER), ["ASP", "BEE", "CED", "ÄRZ_T"]),
        (FindingFilter(order=FindingOrder.CODE), ["ASP", "ÄRZ_T", "BEE", "CED"]),
    ],
    ids=str,
)
def test_findings_are_found_by_every_field(months: Ledger, wanted: FindingFilter, customers: list[str]) -> None:
    """Whatever the case of a letter, also of one outside A to Z; signs of a pattern are letters like others."""
    found = [one.customer for one in months.finding_pages.page([NEW], wanted, Slice()).items]

    assert sorted(found) == sorted(customers)
    if wanted.order is not FindingOrder.CUSTOMER:  # databases sort letters outside A to Z each in its own way
        assert found == customers


def test_what_has_the_same_fix_is_counted_together(months: Ledger) -> None:
    """By code or by customer, the worst first, with one example."""
    causes = months.finding_pages.groups([NEW], FindingFilter(), GroupedBy.CAUSE, Slice())
    customers = months.finding_pages.groups([OLD, NEW], FindingFilter(), GroupedBy.CUSTOMER, Slice(1, 1))

    assert [(one.key, one.findings, one.customers, one.errors) for one in causes.items] == [
        ("KS122", 2, 2, 2),
        ("KS131", 2, 2, 0),
    ]
    assert causes.items[0].example.resolution.startswith("Check the line in Kaseya")
    assert [(one.key, one.findings, one.errors) for one in customers.items] == [("ASP", 2, 2)]
    assert customers.total == 4


def test_the_last_word_about_a_finding_counts_for_all_its_periods(months: Ledger) -> None:
    """An owner is given once, not every month; the words before are kept."""
    months.finding_pages.add_note(note())
    months.finding_pages.add_note(note(owner="cem", note="SOLVED by hand"))
    months.finding_pages.add_note(note(integration="another", owner="eve"))

    said = months.finding_pages.notes(INTEGRATION, cause_of(mismatch("ASP")))
    old, new = (months.finding_pages.page([key], FindingFilter(customer="ASP"), Slice()).items[0] for key in (OLD, NEW))
    found = months.finding_pages.page([NEW], FindingFilter(words="solved"), Slice())

    assert [(one.seq, one.owner, one.note, one.written_by) for one in said] == [
        (2, "cem", "SOLVED by hand", "bob"),
        (1, "ann", "asked them", "bob"),
    ]
    assert (old.owner, new.owner) == ("cem", "cem")
    assert [one.customer for one in found.items] == ["ASP"]


def test_a_cause_is_followed_over_the_periods(months: Ledger) -> None:
    """The newest first, and none of another integration."""
    seen = months.finding_pages.seen(INTEGRATION, cause_of(rounded("BEE")), 10)

    assert [(one.run_key, one.finding.about("quantity")) for one in seen] == [(NEW, "1.5"), (OLD, "1.25")]
    assert months.finding_pages.seen("another", cause_of(rounded("BEE")), 10) == []


@pytest.mark.parametrize("statement", ["UPDATE {} SET {}", "DELETE FROM {}"])
def test_what_people_said_is_never_changed(months: Ledger, url: str, statement: str) -> None:
    """Who looks after what, and who said so, is history."""
    months.finding_pages.add_note(note())
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))

    with pytest.raises(sqlalchemy.exc.SQLAlchemyError, match="append-only"), engine.begin() as raw:
        raw.exec_driver_sql(statement.format("billing_finding_notes", "note = 'other'"))
    engine.dispose()
    assert [one.note for one in months.finding_pages.notes(INTEGRATION, cause_of(mismatch("ASP")))] == ["asked them"]


def test_no_runs_have_no_findings(months: Ledger) -> None:
    """Somebody who may see no integration sees none of their findings."""
    assert months.finding_pages.page([], FindingFilter(), Slice()).items == []
    assert months.finding_pages.codes([]) == []
    assert months.finding_pages.codes([NEW]) == ["KS122", "KS131"]
