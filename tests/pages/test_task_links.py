"""The buttons on a task, and the tab of a DAG run, lead to the pages; also where the task failed or its worker died."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from billing_providers.operators.base import BillingOperator
from billing_providers.operators.billing_gate import BillingGateSensor
from billing_providers.operators.extract_usage import ExtractUsageOperator
from billing_providers.pages.ledger_of_pages import opened_ledger
from billing_providers.plugin import BillingPlugin
from tests.support.airflow_env import fresh_airflow_db
from tests.support.closing import Closing, closing, shipped_settings
from tests.support.pages import ADMIN, VIEWER, client

SHIPPED = "atria_to_kaseya_bms"
DAG = "close_with_links"  # no shipped DAG: Airflow would read that one again instead
DAG_FILE = """# Airflow looks for DAGs in files that name it.
from dataclasses import replace
from billing_providers.operators import billing_dag
from tests.support.closing import shipped_settings

close = billing_dag(replace(shipped_settings(), integration={dag!r}, review="off", artifacts={artifacts!r}))
for task in close.tasks:
    task.retries = 0
"""
BUTTONS = {
    "resolve_period": ["Billing run"],
    "wait_for_usage": ["Findings"],
    "extract_usage": ["Findings"],
    "apply_billing_rules": ["Findings"],
    "map_and_diff": ["Findings", "Review"],
    "review_diff": ["Review"],
    "push_contract_lines": ["Lines of the run"],
    "verify_contract_lines": ["Lines of the run"],
    "collect_billing_items": ["Billing run"],
    "report_run": ["Billing run"],
}


@dataclass
class InAirflow:
    """A close that went well and one whose source refused, both run by Airflow itself."""

    msp: Closing
    good: Any
    bad: Any

    def links(self, run: Any, task_id: str) -> dict[str, str | None]:
        """Return what Airflow's UI shows on a task: button → address."""
        run_id = quote(run.run_id, safe="")
        answer = client(VIEWER).get(f"/api/v2/dags/{DAG}/dagRuns/{run_id}/taskInstances/{task_id}/links")
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["extra_links"])

    def state(self, run: Any, task_id: str) -> str:
        """Return how a task ended."""
        return str(next(one.state for one in run.get_task_instances() if one.task_id == task_id))


def dag_in_airflow(folder: Path) -> Any:
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.session import create_session

    folder.mkdir()
    (folder / "close.py").write_text(DAG_FILE.format(dag=DAG, artifacts=f"file://{folder}/artifacts"), encoding="utf-8")
    bag = DagBag(folder, bundle_path=folder, bundle_name="links-tests")
    assert bag.import_errors == {}
    with create_session() as session:
        session.merge(DagBundleModel(name="links-tests"))
        session.flush()
        sync_bag_to_db(bag, "links-tests", None, session=session)
    return bag.dags[DAG]


@pytest.fixture(scope="module")
def airflow(airflow_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InAirflow]:
    folder = tmp_path_factory.mktemp("links")
    fresh_airflow_db(airflow_db)
    dag = dag_in_airflow(folder / "dags")
    with closing(folder, SHIPPED) as msp:
        opened_ledger.cache_clear()
        good = dag.test(run_after=datetime(2026, 10, 27, 22, tzinfo=UTC), run_conf={"billing_period": "2026-10-15"})
        msp.box.control.add_fault("status", system="atria", endpoint="GET *", status=403, count=0)
        bad = dag.test(run_after=datetime(2026, 11, 27, 22, tzinfo=UTC), run_conf={"billing_period": "2026-11-15"})
        yield InAirflow(msp, good, bad)
        opened_ledger().close()
    opened_ledger.cache_clear()
    fresh_airflow_db(airflow_db)


@pytest.mark.parametrize("task_id", BUTTONS)
def test_every_task_of_a_run_that_went_well_leads_to_pages_that_are_there(airflow: InAirflow, task_id: str) -> None:
    """Followed as a person follows them, through Airflow's own application."""
    links = airflow.links(airflow.good, task_id)

    assert sorted(links) == BUTTONS[task_id]
    for address in links.values():
        assert address is not None
        answer = client(ADMIN).get(address)
        while answer.status_code == 307:
            answer = client(ADMIN).get(answer.headers["location"])
        assert (answer.status_code, address) == (200, address)
        assert DAG in answer.text


def test_the_review_button_leads_to_the_diff_that_the_run_came_to(airflow: InAirflow) -> None:
    """Whichever that is when somebody presses it: the button is made before the diff."""
    record = opened_ledger().runs.find(f"{DAG}/{airflow.good.run_id}")
    address = airflow.links(airflow.good, "map_and_diff")["Review"]

    assert client(ADMIN).get(address).headers["location"] == f"/billing/review/{DAG}/{record.digest}"


def test_a_failed_task_leads_to_what_it_found(airflow: InAirflow) -> None:
    """That is where somebody needs the way most."""
    assert airflow.state(airflow.bad, "extract_usage") == "failed"
    page = client(ADMIN).get(airflow.links(airflow.bad, "extract_usage")["Findings"])

    assert page.status_code == 200
    assert "KS03" in page.text


def test_a_run_without_a_diff_leads_from_review_to_its_findings(airflow: InAirflow) -> None:
    """A page that only says "nothing there" would help nobody who looks for the cause."""
    answer = client(ADMIN).get(f"/billing/review?dag_id={DAG}&run_id={quote(airflow.bad.run_id, safe='')}")

    assert answer.status_code == 307
    assert "KS03" in client(ADMIN).get(answer.headers["location"]).text


def test_the_report_of_a_failed_run_leads_to_the_run(airflow: InAirflow) -> None:
    """The report fails with its run."""
    assert airflow.state(airflow.bad, "report_run") == "failed"
    page = client(ADMIN).get(airflow.links(airflow.bad, "report_run")["Billing run"])

    assert page.status_code == 200
    assert airflow.bad.run_id in page.text


def test_the_tab_of_a_dag_run_shows_that_run(airflow: InAirflow) -> None:
    """Airflow puts the names of DAG and run into the address that the plugin tells, as its UI does."""
    (plugin,) = [
        one
        for one in client(ADMIN).get("/api/v2/plugins").json()["plugins"]
        if any(view["name"] == "Billing" for view in one["external_views"])
    ]
    (tab,) = [view for view in plugin["external_views"] if view["destination"] == "dag_run"]
    address = (
        tab["href"].replace("{DAG_ID}", quote(DAG, safe="")).replace("{RUN_ID}", quote(airflow.good.run_id, safe=""))
    )
    page = client(ADMIN).get(f"/{address}")

    assert page.status_code == 200
    assert opened_ledger().runs.find(f"{DAG}/{airflow.good.run_id}").digest[:12] in page.text
    (entry,) = [view for view in BillingPlugin.external_views if view["destination"] == "nav"]
    assert client(ADMIN).get(f"/{entry['href']}").status_code == 200


def test_the_links_are_there_while_a_task_works(msp: Closing) -> None:
    """A worker that is killed stores nothing at its end."""
    run = msp.run("links")
    run.resolve()
    seen: dict[str, Any] = {}

    class Killed(ExtractUsageOperator):
        def work(self, context: Any) -> Any:
            seen.update({key: value for (_, key), value in context["ti"].xcoms.items()})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Killed(task_id="extract", settings=msp.settings, run=run.run).execute(run.context)

    assert seen["_link_FindingsLink"] == f"/billing/findings?run={SHIPPED}%2Flinks"


def test_a_task_works_where_its_links_cannot_be_stored(msp: Closing) -> None:
    """They are a help, and no part of the close."""
    run = msp.run("no links")

    class Refuses:
        def xcom_push(self, key: str, value: Any) -> None:
            raise ConnectionError("no API server")

    class Works(BillingOperator):
        stage = "works"

        def work(self, context: Any) -> str:
            return "done"

    context = {**run.context, "ti": Refuses()}

    assert Works(task_id="works", settings=msp.settings).execute(context) == "done"


@pytest.mark.parametrize(
    ("base_url", "begin"),
    [("", "/billing/"), ("https://airflow.harbour.example/ops/", "/ops/billing/"), ("ftp://elsewhere/x", "/billing/")],
)
def test_links_begin_where_airflow_is_on_the_readers_server(
    msp: Closing, monkeypatch: pytest.MonkeyPatch, base_url: str, begin: str
) -> None:
    """Whatever name the reader reached it by; Airflow may lie below a path."""
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base_url)
    operator = ExtractUsageOperator(task_id="extract", settings=replace(shipped_settings()), run=None)
    (link,) = operator.operator_extra_links

    assert link.get_link(operator, ti_key=msp.run("r 1").context["dag_run"]) == f"{begin}findings?run={SHIPPED}%2Fr+1"


def test_the_sensor_of_the_gate_leads_to_the_close_that_it_waits_for(msp: Closing) -> None:
    """Its own DAG is the one that makes invoices, so the page is that of the integration."""
    sensor = BillingGateSensor(task_id="gate", settings=msp.settings)
    (link,) = sensor.operator_extra_links

    assert link.get_link(sensor, ti_key=msp.run().context["dag_run"]) == f"/billing/close/{SHIPPED}"


@pytest.fixture
def msp(tmp_path: Path) -> Iterator[Closing]:
    with closing(tmp_path, SHIPPED) as made:
        yield made
