"""Every param of every DAG: what a form lets through gives a period and a filter, or an error by name."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from billing_providers.errors import PeriodError, SettingsError
from billing_providers.model.periods import BillingPeriod
from billing_providers.operators.billing_gate import _overrides
from billing_providers.operators.dag_params import run_params
from billing_providers.operators.gate_form import gate_params
from billing_providers.operators.undo import undo_dag
from billing_providers.steps.period_of_run import period_of_run
from billing_providers.steps.resolve_period import resolve_period
from tests.fuzz.budget import examples
from tests.fuzz.hostile import TEXTS, texts, values
from tests.fuzz.told import result_or_error
from tests.fuzz.usage import check_storable
from tests.support.closing import Closing, closing, shipped_settings
from tests.support.pipeline import RUN_AFTER

CALENDAR = shipped_settings().calendar
periods = (
    texts
    | st.sampled_from(("Previous", " current ", "PREVIOUS", "2026-10-01", "9999-12-31", "0001-01-01", "10000-01-01"))
    | st.dates().map(str)
    | st.dates().map(lambda day: f" {day}\n")
)


@examples(400)
@given(selector=periods)
@example(selector="٢٠٢٦-١٠-٠١")
@example(selector="9999-12-31")
@example(selector="0001-01-01")
def test_a_billing_period_is_resolved_or_refused(selector: str) -> None:
    """A text that is no period never means another one: ``Previous`` is taken only for what says so."""
    found = result_or_error(
        lambda: period_of_run(
            selector, CALENDAR, interval_start=datetime(2026, 9, 25, 23, tzinfo=UTC), run_after=RUN_AFTER
        )
    )

    if isinstance(found, BillingPeriod):
        text = selector.strip()
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            assert found.contains(date.fromisoformat(text))
        else:
            assert text.casefold() in {"", "previous", "current"}
    else:
        assert isinstance(found, PeriodError)
        assert "billing_period" in str(found)


@examples(100)
@given(value=st.none() | texts | values)
def test_an_override_of_the_gate_is_a_table_of_reasons_or_refused(value: Any) -> None:
    """Nobody is billed by a param that says nothing."""
    found = result_or_error(lambda: _overrides(value))

    if isinstance(found, Exception):
        assert "override" in str(found)
    else:
        assert all(isinstance(code, str) and isinstance(why, str) and why.strip() for code, why in found.items())


@pytest.fixture(scope="module")
def msp(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A tenant whose runs are only resolved, never planned."""
    with closing(tmp_path_factory.mktemp("params")) as found:
        found.run().ledger.migrate()
        yield found


hostile_params = st.fixed_dictionaries(
    {},
    optional={
        "billing_period": periods | values,
        "customers": st.lists(texts) | texts | values,
        "dry_run": values,
        "failed_only": values,
    },
)


@examples(25)
@given(params=hostile_params)
@example(params={"customers": ["ASP\0"]})
@example(params={"customers": ["ASP\ud800"]})
@example(params={"customers": "ASP,FR1\0"})
@example(params={"dry_run": "no"})
@example(params={"dry_run": ""})
@example(params={"customers": 0})
@example(params={"billing_period": 0})
@example(params={"failed_only": 2})
def test_the_params_of_a_run_are_resolved_or_refused_by_name(msp: Closing, params: dict[str, Any]) -> None:
    """What a form, an API call or another DAG hands over is checked before the ledger or the PSA sees it."""
    found = result_or_error(lambda: _resolved(msp, params))

    if isinstance(found, Exception):
        assert isinstance(found, SettingsError)
        assert found.key in {"billing_period", "customers", "dry_run", "failed_only"}
    else:
        check_storable(found)
        assert found["dry_run"] is (params.get("dry_run") or False)
        assert found["failed_only"] is (params.get("failed_only") or False)


def _resolved(msp: Closing, params: dict[str, Any]) -> dict[str, Any]:
    from billing_providers.operators import ResolvePeriodOperator

    run = msp.run("r1")
    run.context["params"] = params
    return resolve_period(ResolvePeriodOperator(task_id="resolve_period", settings=msp.settings), run.context)


@pytest.mark.parametrize("name", TEXTS, ids=range(len(TEXTS)))
def test_a_run_to_undo_that_is_none_is_refused_by_name(msp: Closing, name: str) -> None:
    """Only a run of this integration is undone; a text that is none finds nothing, on every ledger."""
    from billing_providers.operators.plan_undo import PlanUndoOperator
    from billing_providers.steps.plan_undo import plan_undo

    context = {**msp.run("undo").context, "params": {"run": name}}
    step = PlanUndoOperator(task_id="plan_undo", settings=msp.settings)

    found = result_or_error(lambda: plan_undo(step, context))

    assert isinstance(found, SettingsError)
    assert found.key == "run"


@pytest.mark.parametrize(
    ("form", "name", "accepted", "refused"),
    [
        ("run", "billing_period", ["", " Previous", "current", "2026-10-01"], ["2026-1-1", "٢٠٢٦-١٠-٠١", "x", 5, None]),
        ("run", "customers", [[], ["ASP"]], ["ASP", [5], None, ["a\0"]]),
        ("run", "dry_run", [True, False], ["no", 0, None]),
        ("run", "failed_only", [True, False], ["no", 0, None]),
        ("gate", "override", [None, {"ASP": "by hand"}], ["ASP", {"ASP": ""}, {"ASP": 5}, []]),
        ("undo", "run", ["manual__1"], ["", None, 5, "a\0"]),
        ("undo", "dry_run", [True, False], ["no", 0, None]),
    ],
)
def test_the_form_itself_refuses_what_is_no_such_value(
    form: str, name: str, accepted: list[Any], refused: list[Any]
) -> None:
    """Airflow checks a param before the run begins: nobody has to wait for a task to fail."""
    from airflow.sdk.exceptions import ParamValidationError

    forms = {"run": run_params, "gate": gate_params, "undo": lambda: undo_dag(shipped_settings()).params}
    param = {**forms[form]()}[name] if form != "undo" else forms[form]().get_param(name)

    for value in accepted:
        assert param.resolve(value=value) == value
    for value in refused:
        with pytest.raises(ParamValidationError):
            param.resolve(value=value)


def test_every_param_of_every_dag_is_tried_here() -> None:
    """A new param cannot be forgotten."""
    undo = undo_dag(shipped_settings()).params

    assert {*run_params(), *gate_params(), *undo} == {
        "billing_period", "customers", "dry_run", "failed_only", "override", "run",
    }  # fmt: skip
