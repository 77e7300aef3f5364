"""*Review* shows what a diff changes, before somebody approves it, and what came of it afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest

from billing_providers.ledger.paging import Slice
from billing_providers.model.diff_page import ChangeFilter
from billing_providers.pages.ledger_of_pages import opened_ledger
from tests.support.closing import Closing, closing
from tests.support.pages import ADMIN, client
from tests.support.pipeline import Pipeline

DAG = "atria_to_kaseya_bms"
SEPTEMBER, OCTOBER = "2026-09-15", "2026-10-15"


@dataclass
class Msp:
    """A closing, its run that waits, and the digest of the diff that it planned first."""

    closing: Closing
    waiting: Pipeline
    digest: str


@pytest.fixture(scope="module")
def msp(airflow_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Msp]:
    """An MSP with one closed period, and a diff of the next one that nobody has decided about."""
    with closing(tmp_path_factory.mktemp("msp"), DAG) as made:
        opened_ledger.cache_clear()
        made.close("before", billing_period=SEPTEMBER)
        strict = replace(made.settings.guards, line_factor=Decimal("1.5"), line_floor=Decimal(0), run_lines=None)
        made.change(guards=strict)
        waiting = made.run("planned", billing_period=OCTOBER)
        waiting.plan()
        yield Msp(made, waiting, waiting.diff["digest"])
        opened_ledger().close()
    opened_ledger.cache_clear()


@pytest.fixture(scope="module")
def planned(msp: Msp) -> str:
    """The digest of the diff that waits."""
    return msp.digest


def shown(path: str) -> str:
    answer = client(ADMIN).get(path)
    assert answer.status_code == 200, answer.text[-500:]
    return unescape(re.sub(r"\s+", " ", answer.text))


def test_held_changes_come_first_with_the_guard_that_holds_them(msp: Msp, planned: str) -> None:
    """Large and odd changes are seen before all others."""
    diff = opened_ledger().diffs.load(planned)
    page = shown(f"/billing/review/{DAG}/{planned}")

    rows = page.partition("<tbody>")[2].split("<tr>")[1:]
    assert len(rows) == min(100, len(diff.changes))
    held = ["Held</span>" in row for row in rows]
    assert 0 < len(diff.held) < 100
    assert sum(held) == len(diff.held)
    assert held == sorted(held, reverse=True)
    assert f'<code class="digest">{planned}</code>' in page


def test_each_change_has_its_difference_and_what_was_billed_before(msp: Msp, planned: str) -> None:
    """The numbers are the diff's own; a column holds what the close of the period before billed."""
    diff = opened_ledger().diffs.load(planned)
    change = next(one for one in diff.changes if one.quantity_before is not None and one.line_id)
    page = shown(f"/billing/review/{DAG}/{planned}?words={change.line_id}")

    assert 'From <span class="day">2026-08-26' in page
    assert f">{change.quantity_before.normalize():,f}<" in page
    assert f">{change.quantity_after.normalize():,f}<" in page
    assert change.reason in page


def test_what_stays_and_what_was_left_alone_is_shown_on_demand(msp: Msp, planned: str) -> None:
    """Unchanged lines and findings are pages of the same diff, counted as the diff counts them."""
    diff = opened_ledger().diffs.load(planned)
    unchanged = shown(f"/billing/review/{DAG}/{planned}?show=unchanged")
    skipped = shown(f"/billing/review/{DAG}/{planned}?show=skipped")

    assert f"{diff.unchanged_count} in all" in unchanged
    assert all(finding.code in skipped for finding in diff.findings if finding.level.value == "error")


def test_the_pages_of_what_stays_hold_each_matched_line_once(msp: Msp, planned: str) -> None:
    """In the order of the plan, cut by the database; none is left out between two pages."""
    diff = opened_ledger().diffs.load(planned)
    pages = opened_ledger().diff_pages
    shown_lines = [
        line.line_id
        for number in range(1, diff.unchanged_count // 7 + 2)
        for line in pages.unchanged(diff, ChangeFilter(), Slice(number, 7)).items
    ]
    changed = {change.line_id for change in diff.changes}

    assert shown_lines == [line.line_id for line in diff.matched if line.line_id not in changed]
    assert len(shown_lines) == diff.unchanged_count > 14


def test_what_stays_is_still_told_when_its_names_are_gone(msp: Msp) -> None:
    """Retention thins what plans inside a period saw; ids take the place of names."""
    ledger = opened_ledger()
    digest = next(run.digest for run in ledger.runs.history(DAG) if run.digest)
    diff = ledger.diffs.load(digest)
    with ledger._store.writing("thin") as transaction:
        transaction.run("thin_diff_lines", digest=digest)
    found = ledger.diff_pages.unchanged(diff, ChangeFilter(), Slice())
    page = shown(f"/billing/review/{DAG}/{digest}?show=unchanged")

    assert found.total == diff.unchanged_count > 0
    assert [line.account_name for line in found.items] == [line.account_id for line in found.items]
    assert found.items[0].line_id in page


def test_a_search_in_what_stays_counts_what_it_finds(msp: Msp, planned: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to a number of lines that a person would still look at; the page says when there are more."""
    diff = opened_ledger().diffs.load(planned)
    seen = {line.line_id: line for line in opened_ledger().diffs.lines(planned)}
    changed = {change.line_id for change in diff.changes}
    staying = [seen[line.line_id] for line in diff.matched if line.line_id not in changed]
    account = staying[0].account_id
    of_account = sum(line.account_id == account for line in staying)
    narrow = shown(f"/billing/review/{DAG}/{planned}?show=unchanged&account={account}")
    monkeypatch.setattr("billing_providers.ledger.diff_pages.FOUND_MAX", 3)
    monkeypatch.setattr("billing_providers.pages.review.FOUND_MAX", 3)
    broad = shown(f"/billing/review/{DAG}/{planned}?show=unchanged&words={staying[0].service_name[:3]}")

    assert f"{of_account} in all" in narrow
    assert "3 in all" in broad
    assert "the first 3 lines found" in broad
    assert "lines found" not in shown(f"/billing/review/{DAG}/{planned}?show=unchanged")


def test_accounts_are_summed_exactly(msp: Msp, planned: str) -> None:
    """One row per account of the diff."""
    diff = opened_ledger().diffs.load(planned)
    page = shown(f"/billing/review/{DAG}/{planned}?show=accounts")

    assert f"{len({change.account_id for change in diff.changes})} in all" in page


def test_a_diff_that_was_planned_anew_says_what_changed_since(msp: Msp, planned: str) -> None:
    """A stale diff can still be read."""
    diff = opened_ledger().diffs.load(planned)
    line = next(one for one in diff.changes if one.kind.value == "set_quantity" and one.quantity_before)
    msp.closing.box.control.edit_line(line.line_id, units=str(int(line.quantity_after)))
    msp.waiting.plan()
    page = shown(f"/billing/review/{DAG}/{planned}")

    assert "1 of its changes are gone, 0 are other numbers, 0 were added" in page


@pytest.mark.parametrize(
    "path", [f"/billing/review/{DAG}/{'0' * 64}", "/billing/review/sherweb_to_kaseya_bms/{planned}"]
)
def test_an_unknown_diff_is_a_page_that_says_so(msp: Msp, planned: str, path: str) -> None:
    """Also one of another integration, whose DAG the person may not be allowed to see."""
    answer = client(ADMIN).get(path.format(planned=planned))

    assert answer.status_code == 404
    assert "holds no diff" in answer.text
