"""A billing reviewer, who is no coder, closes a period in the browser: one running Airflow, from sign-in to export."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from openpyxl import load_workbook

from billing_providers.ledger.paging import Slice
from billing_providers.model.seen_findings import FindingFilter
from billing_providers.operators.review_diff import DIFF_FIELD
from billing_providers.pages.mapping_file import MAY_WRITE
from scripts.closed_periods import ClosedPeriods
from scripts.local_airflow import LocalAirflow
from tests.browser.accessibility import barriers
from tests.browser.reviewer import LAPTOP, PHONE, WAIT_MS, Reviewer
from tests.support.accounts import Account
from tests.support.pages import page_routes
from tests.system.cluster.project import changed, copied_project, settings_of
from tests.system.cluster.stage import ASKED, DAG, REVIEW, Stage

pytestmark = [pytest.mark.airflow, pytest.mark.browser]

CUSTOMER, CODE = "Casa Edera", "CASED"  # its account code in Atria is written in small letters
ADDRESSES = (
    "/close", f"/close/{DAG}", "/findings", "/findings?group=cause", "/findings?group=customer", "/history",
    "/mappings", f"/mappings/{DAG}", f"/mappings/{DAG}?kind=service", f"/mappings/{DAG}/table?kind=customer",
    f"/mappings/{DAG}/one?kind=customer&subject={CODE}", "/dashboard",
    f"/findings?integration={DAG}&words=nothing+at+all", "/close/no_such_dag", f"/history/{DAG}/line/no-such-line",
)  # fmt: skip
FILES = re.compile(r"\.csv$|\.\{form\}$")


@pytest.fixture(scope="module")
def stage(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One period is closed. Of the next one a colleague has rejected the diff, since a customer is missing."""
    folder = tmp_path_factory.mktemp("airflow")
    project = copied_project(folder / "project")
    dag = project / "dags" / f"{DAG}.py"
    dag.write_text(changed(dag.read_text(encoding="utf-8"), 'review="guards"', 'review="always"'), encoding="utf-8")
    settings = settings_of(project) | {MAY_WRITE: "true"}
    with LocalAirflow(folder / "home", ports=(0, 0), settings=settings) as cluster:
        made = Stage(cluster, Account("A reviewer at the browser"), project)
        closed = ClosedPeriods(made.api, left_open={DAG}, check=cluster.check)
        closed.start(DAG, 2)
        closed.finish({DAG: 2})
        (last,) = [run_id for (_, run_id), state in closed.runs.items() if "left" in state]
        assert made.api.finish(DAG, last, review=REVIEW, option="Reject") == "success"
        yield made
    assert cluster.left_running() == []


@pytest.fixture(scope="module")
def reviewer(stage: Stage, chromium: Any, pictures: Path) -> Iterator[Reviewer]:
    """The reviewer, signed in."""
    window = chromium.new_context(viewport=LAPTOP, color_scheme="light")
    window.set_default_timeout(WAIT_MS)
    person = Reviewer(window.new_page(), stage.cluster.url, pictures)
    person.sign_in(stage.cluster.user, stage.cluster.password)
    yield person
    window.close()


@pytest.fixture(scope="module")
def closed(stage: Stage, reviewer: Reviewer) -> Stage:
    """The period, closed by the reviewer."""
    before = len(stage.audit())
    see_who_is_held(reviewer)
    accept_a_suggestion(reviewer, stage.project / "include" / "mappings" / f"{DAG}_customers.csv")
    rerun(reviewer, stage)
    wanted, digest = review(reviewer)
    assert len(stage.audit()) == before
    approve(reviewer, stage, digest)
    assert len(stage.audit()) - before == wanted
    return stage


def see_who_is_held(reviewer: Reviewer) -> None:
    """From the close to the customer, to the finding, to what it wants done."""
    reviewer.open_billing()
    reviewer.picture("close")
    reviewer.follow(DAG)
    reviewer.sees(f"Close of {DAG}")
    held = reviewer.row(CUSTOMER)
    assert "Held" in held.inner_text()
    reviewer.picture("period")
    reviewer.follow("KS22", held)
    reviewer.sees("Findings")
    reviewer.follow("KS22", reviewer.row(CUSTOMER))
    reviewer.sees("Finding KS22")
    assert "Seen in 2 periods" in reviewer.billing.locator("main").inner_text()
    reviewer.picture("finding")


def accept_a_suggestion(reviewer: Reviewer, table: Path) -> None:
    """From the grid over the preview into the mapping table's file."""
    assert CODE not in table.read_text(encoding="utf-8")
    reviewer.follow("Mappings")
    reviewer.follow(f"Customers of {DAG}")
    reviewer.sees(f"Customers of {DAG}")
    reviewer.billing.get_by_label(f"Suggestion for {CUSTOMER}").select_option(index=1)
    reviewer.picture("mappings")
    reviewer.press("Preview what is chosen")
    reviewer.sees("Keep these decisions?")
    reviewer.picture("preview")
    assert barriers(reviewer.frame()) == []
    reviewer.press("Keep it")
    reviewer.sees(re.compile("Mapping table"))
    assert CODE not in table.read_text(encoding="utf-8")
    reviewer.picture("mapping-table")
    reviewer.press("Write 1 row to the file")
    reviewer.billing.get_by_text("1 row stands in the file now").wait_for()
    assert CODE in table.read_text(encoding="utf-8")


def rerun(reviewer: Reviewer, stage: Stage) -> None:
    """Clear the run on Airflow's own page, one click away from ours, and wait until it asks again."""
    reviewer.follow("Close")
    reviewer.follow(DAG)
    reviewer.follow(re.compile(r"^20\d\d-"), reviewer.billing.get_by_role("region", name="Runs of this period"))
    reviewer.sees(re.compile("^Run "))
    reviewer.leave("Airflow")
    page = reviewer.page
    page.get_by_role("button", name=re.compile("to clear$")).click()
    page.get_by_role("dialog").get_by_role("button", name="Confirm").click()
    last = last_run(stage)
    stage.wait_for(lambda: stage.api.run(DAG, last)["state"] not in {"success", "failed"}, "the cleared run to start")
    assert stage.api.wait(DAG, last, until=ASKED) == "awaiting_input"
    reviewer.picture("cleared")


def review(reviewer: Reviewer) -> tuple[int, str]:
    """Read the diff that waits, from the tab of the run; return how many changes it holds, and its digest."""
    reviewer.page.locator('a[href$="/plugin/billing-run"]').click()
    reviewer.sees(re.compile("^Run "))
    reviewer.follow("Review")
    reviewer.sees(f"Review of {DAG}")
    reviewer.billing.get_by_text("Not decided").wait_for()
    told = reviewer.billing.locator(".figures div").filter(has_text="Line changes").locator("dd").inner_text()
    reviewer.picture("review")
    reviewer.search(CUSTOMER)
    reviewer.row(CUSTOMER).wait_for()
    reviewer.picture("review-of-the-customer")
    return int(told), reviewer.billing.locator("code.digest").first.inner_text()


def approve(reviewer: Reviewer, stage: Stage, digest: str) -> None:
    """Approve in Airflow's own review task, one click away, and watch the push finish.

    Airflow still shows what it asked before the run was cleared, so the digest of what was read goes into its form.
    """
    last = last_run(stage)
    reviewer.leave("Approve or reject in Airflow")
    button = reviewer.page.get_by_role("button", name="Approve")
    button.wait_for()
    field = reviewer.page.locator(f'[name="element_{DIFF_FIELD}"]')
    assert field.input_value() != digest
    field.fill(digest)
    reviewer.picture("review-task")
    while stage.api.wait(DAG, last, until=ASKED) == "awaiting_input":
        if button.is_visible():
            button.click()
        reviewer.page.wait_for_timeout(3000)
    reviewer.page.goto(f"{reviewer.url}/dags/{DAG}/runs/{quote(last)}")
    reviewer.page.get_by_text("10 Task Instances").wait_for()
    reviewer.picture("pushed")
    assert stage.api.tasks(DAG, last)["push_contract_lines"] == "success"


def last_run(stage: Stage) -> str:
    """The scheduled run of the period that closed last."""
    (run_id,) = [str(run["dag_run_id"]) for run in stage.api.runs(DAG) if run["run_type"] == "scheduled"]
    return run_id


def test_what_the_reviewer_approved_is_told_line_by_line(closed: Stage, reviewer: Reviewer) -> None:
    """The customer is ready, and its line's story leads to who approved it and to the PSA's own number."""
    reviewer.open_billing()
    reviewer.follow(DAG)
    reviewer.sees(f"Close of {DAG}")
    assert "Ready" in reviewer.row(CUSTOMER).inner_text()
    reviewer.follow("History")
    reviewer.sees("History")
    reviewer.picture("history")
    reviewer.follow(re.compile(r"^20\d\d-"), reviewer.row("scheduled"))
    reviewer.sees(re.compile("^Run "))
    reviewer.follow("Lines", reviewer.billing.get_by_role("navigation", name="Parts of the run"))
    reviewer.search(CUSTOMER)
    row = reviewer.row(CUSTOMER)
    assert "Verified" in row.inner_text()
    after = Decimal(re.sub(r"\s", "", row.locator("td").nth(2).inner_text()))
    row.get_by_role("link").first.click()
    reviewer.sees(re.compile("^Line "))
    story = reviewer.billing.locator("main").inner_text()
    reviewer.picture("story-of-a-line")

    line_id = reviewer.billing.get_by_role("heading", level=1).inner_text().removeprefix("Line ")
    (held,) = [line for line in closed.control("lines") if line["line_id"] == line_id]
    assert f"approved by {closed.cluster.user}" in story
    assert Decimal(held["units"]) == after


def test_findings_are_taken_along_as_they_were_filtered(closed: Stage, reviewer: Reviewer) -> None:
    """Both files hold what the page counts, in its order, and nothing else."""
    reviewer.open_billing()
    reviewer.follow("Findings")
    reviewer.sees("Findings")
    reviewer.billing.locator("select[name=level]").select_option("warning")
    reviewer.billing.locator("select[name=group]").select_option("")
    reviewer.press("Show")
    reviewer.billing.locator("tbody tr").first.wait_for()
    reviewer.picture("warnings")
    shown = reviewer.billing.locator("tbody th").all_inner_texts()
    total = int(re.search(r"(\d+) in all", reviewer.billing.locator("main").inner_text())[1])  # type: ignore[index]
    text = reviewer.take_along("CSV").read_text(encoding="utf-8-sig")
    book = load_workbook(io.BytesIO(reviewer.take_along("XLSX").read_bytes()))

    head, *rows = list(csv.reader(text.splitlines()))
    cells = [[str(cell.value or "") for cell in row] for row in book.active.iter_rows()]
    assert total == len(rows) > 0
    assert [row[head.index("code")] for row in rows][: len(shown)] == shown
    assert {row[head.index("level")] for row in rows} == {"warning"}
    assert [row[head.index("what")] for row in cells[1:]] == [row[head.index("what")] for row in rows]


@pytest.mark.parametrize("look", ["light", "dark"])
def test_every_page_can_be_read_by_everybody(closed: Stage, reviewer: Reviewer, chromium: Any, look: str) -> None:
    """Axe finds nothing serious in either look, no page is wider than a phone, and a new page is asked for."""
    state = reviewer.page.context.storage_state()
    window = chromium.new_context(viewport=LAPTOP, color_scheme=look, storage_state=state)
    window.set_default_timeout(WAIT_MS)
    page = window.new_page()
    found: dict[str, list[str]] = {}
    for address in (*ADDRESSES, *addresses_of_the_last_run(closed)):
        page.set_viewport_size(LAPTOP)
        page.goto(f"{reviewer.url}/billing{address}")
        assert page.locator("html").get_attribute("data-theme") == look
        found[address] = barriers(page)
        page.set_viewport_size(PHONE)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found[address] += [f"{wider} pixels too wide for a phone"] if wider > 0 else []
    window.close()

    seen = [address.partition("?")[0] for address in found]
    routes = [path.removeprefix("/billing") for method, path in page_routes() if method == "GET"]
    patterns = [re.sub(r"\{[^}]*\}", "[^/]+", route) for route in routes if not FILES.search(route) and route != "/"]
    assert [route for route in patterns if not any(re.fullmatch(route, address) for address in seen)] == []
    assert {address: told for address, told in found.items() if told} == {}


def addresses_of_the_last_run(stage: Stage) -> list[str]:
    """The pages of the run that was pushed, of its diff, of one of its lines and of one of its findings."""
    run_id, digest = last_run(stage), stage.digest(last_run(stage))
    run = f"/run?dag_id={DAG}&run_id={quote(run_id, safe='')}"
    diff = f"/review/{DAG}/{digest}"
    line = next(change.line_id for change in stage.changes((DAG, run_id)) if change.line_id)
    found = stage.ledger.finding_pages.page([f"{DAG}/{run_id}"], FindingFilter(), Slice())
    cause = next(one.cause for one in found.items if one.cause)
    return [
        *(f"{run}&show={part}" for part in ("customers", "lines", "findings")),
        *(f"{diff}?show={part}" for part in ("changes", "accounts", "unchanged", "skipped")),
        f"/review?dag_id={DAG}&run_id={quote(run_id, safe='')}",
        f"/history/{DAG}/line/{line}",
        f"/findings/{DAG}/cause/{cause}",
    ]


def test_the_pages_are_used_by_keyboard(closed: Stage, reviewer: Reviewer) -> None:
    """The first key leads past the navigation; what has the focus is seen; a form is sent without a mouse."""
    page = reviewer.page
    page.goto(f"{reviewer.url}/billing/history")
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    assert focused.inner_text() == "Skip to the content"
    assert focused.bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("name") == "integration"
    assert page.locator(":focus").evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    page.get_by_label("Search runs and customers").focus()
    page.keyboard.type("nobody at all")
    page.keyboard.press("Enter")
    page.get_by_text("No run like this.").wait_for()


def test_the_browser_had_nothing_to_refuse(closed: Stage, reviewer: Reviewer) -> None:
    """Nothing inline, nothing from elsewhere, no fault of a script, over the whole walk."""
    assert reviewer.faults == []
