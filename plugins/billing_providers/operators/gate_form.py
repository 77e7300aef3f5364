"""The DAG params of a DAG that waits at the billing gate, shown as a form when a run is triggered by hand."""

from __future__ import annotations

from airflow.sdk import Param

from billing_providers.operators.dag_params import run_params


def gate_params() -> dict[str, Param]:
    """Return the params that ``BillingGateSensor`` reads: billing_period, override."""
    return {
        "billing_period": run_params()["billing_period"],
        "override": Param(
            None,
            type=["null", "object"],
            additionalProperties={"type": "string", "minLength": 1},
            title="Override",
            description_md="Customers that may be billed although they are not ready: customer code and reason, e.g. "
            '`{"ASP": "billed by hand"}`. Who is not ready, and why, stands in the result of the run and in '
            "`python -m billing_providers.billing_gate`.",
        ),
    }
