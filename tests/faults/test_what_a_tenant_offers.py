"""What a tenant offers is found out by asking: a bad answer to that never passes for a tenant that offers nothing."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowException

from tests.support.closing import closing
from tests.support.fault_matrix_time import fast_time

CONTRACTS = "GET /v2/finance/contracts/summary"
LINES = "GET /v2/finance/contracts/{contract_id}/services"


@pytest.fixture
def msp(tmp_path):
    with closing(tmp_path, "atria_to_kaseya_bms") as opened, fast_time():
        yield opened


def reviewed(msp):
    run = msp.run(billing_period="2026-10-01")
    run.plan()
    run.review()
    assert len(run.diff["changes"]) == 167
    return run


@pytest.mark.parametrize(
    ("step", "kind", "endpoint", "why"),
    [
        ("push", "short_page", CONTRACTS, "no rows came, totalRecords says"),
        ("push", "html", LINES, "now it offers none, so nothing was sent"),
        ("push", "success_false", LINES, "now it offers none, so nothing was sent"),
        ("verify", "html", LINES, "now it offers none, so nothing was sent"),
    ],
)
def test_an_approved_diff_is_not_given_up_because_of_one_bad_answer(msp, step, kind, endpoint, why):
    """Nothing is lost silently: the task fails and says why, and clearing it does what was approved, once."""
    run = reviewed(msp)
    if step == "verify":
        run.push()
    settings = {"by": 1000} if kind == "short_page" else {}
    msp.box.control.add_fault(kind, system="kaseya_bms", endpoint=endpoint, count=5, **settings)

    with pytest.raises(AirflowException, match=why):
        getattr(run, step)()

    assert len(msp.written()) == (167 if step == "verify" else 0)
    assert "KS02" in run.codes()
    msp.box.control.clear_faults()
    run.push()
    run.verify()
    assert msp.written() == msp.wanted(run)
    assert run.report()["result"] == "Succeeded with warnings"


def test_a_contract_list_that_says_it_is_not_empty_stops_the_plan(msp):
    """A failed, partial or empty read is never zero: a tenant is not taken for one without contracts."""
    run = msp.run(billing_period="2026-10-01")
    run.resolve()
    run.wait()
    run.extract()
    run.rules()
    msp.box.control.add_fault("short_page", system="kaseya_bms", endpoint=CONTRACTS, by=1000)

    with pytest.raises(AirflowException, match="no rows came, totalRecords says"):
        run.map_and_diff()
