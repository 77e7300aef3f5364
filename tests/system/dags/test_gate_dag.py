"""A DAG that makes invoices waits at the billing gate: as the page about it shows."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, task
from airflow.sdk.exceptions import ParamValidationError

from billing_providers.operators import gate_params
from billing_providers.timetables.billing_period import BillingPeriodTimetable
from tests.support.closing import shipped_settings

PAGE = Path(__file__).resolve().parents[3] / "docs" / "billing-gate.md"


def invoices_dag() -> DAG:
    """Run the example of the page."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {
        "DAG": DAG,
        "SETTINGS": shipped_settings(),
        "BillingPeriodTimetable": BillingPeriodTimetable,
        "timedelta": timedelta,
        "datetime": datetime,
        "UTC": UTC,
        "make_invoices": None,
    }
    indented = code.replace("    gate >> make_invoices", "    gate >> make_invoices()")
    names["make_invoices"] = task(task_id="make_invoices")(lambda: None)
    exec(indented, names)
    found: DAG = names["gate"].dag
    return found


def test_the_example_of_the_page_is_a_dag_that_survives_storing() -> None:
    """The scheduler reads DAGs from its database: what cannot be stored does not run."""
    from airflow.serialization.serialized_objects import DagSerialization

    stored = DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(invoices_dag()))))

    gate = stored.get_task("billing_gate")
    assert gate.downstream_task_ids == {"make_invoices"}
    assert (gate.reschedule, set(stored.params)) == (True, {"billing_period", "override"})


@pytest.mark.parametrize(
    ("override", "fits"),
    [(None, True), ({"NOID": "billed by hand"}, True), ({}, True), ({"NOID": ""}, False), (["NOID"], False)],
)
def test_the_form_takes_names_with_a_reason_and_nothing_else(override: Any, fits: bool) -> None:
    """A slip is refused when the DAG is triggered, before anything waits."""
    param = gate_params()["override"]

    if fits:
        assert param.resolve(override) == override
    else:
        with pytest.raises(ParamValidationError):
            param.resolve(override)


def test_the_sensor_frees_its_worker_between_two_asks() -> None:
    """Ten minutes at most between an answer and the invoice; five days until it says who is not ready."""
    gate = invoices_dag().get_task("billing_gate")

    told = SimpleNamespace(mode=gate.mode, poke_interval=gate.poke_interval, timeout=gate.timeout)
    assert told == SimpleNamespace(mode="reschedule", poke_interval=600.0, timeout=5 * 86400.0)
