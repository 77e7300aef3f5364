"""Every code KS01–KS24 is made to happen against the demo's sandbox, by the shipped operators and settings."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

WRITE = "PUT /v2/finance/contracts/*/services/*"


def stopped_with(msp, *, steps="plan") -> str:
    """Run until a fault of the run stops it; return the code under which it is reported."""
    run = msp.run("stopped")
    with pytest.raises(Exception, match=r"^KS\d\d") as stopped:
        getattr(run, steps)()
    return str(stopped.value)[:4]


def connection(msp, monkeypatch, conn_id="kaseya_bms_default", **changes):
    fields = json.loads(msp.environment[f"AIRFLOW_CONN_{conn_id.upper()}"])
    fields.update(changes)
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))


def test_a_normal_close_of_the_demo_msp_tells_every_code_about_its_customers_and_lines(msp):
    """The awkward customers of a realistic MSP are told apart, and the healthy ones are billed."""
    codes = msp.close().codes()

    assert {"KS01", "KS04", "KS05", "KS06", "KS07", "KS09", "KS14", "KS18", "KS19", "KS22", "KS23", "KS24"} <= codes


def test_ks02_a_psa_that_is_down_is_reported_and_the_run_can_be_cleared(msp):
    """A PSA that is down: retried, then KS02, run failed, rerunnable."""
    msp.box.control.add_fault("success_false", system="kaseya_bms", endpoint="GET /v2/crm/accounts/summary", count=1)
    assert stopped_with(msp) == "KS02"

    run = msp.run("stopped")
    assert run.plan()["applicable"]


def test_ks03_a_source_that_answers_nonsense_is_reported(msp, monkeypatch):
    """A failed read is never zero: the run stops."""
    connection(msp, monkeypatch, "atria_default", password="not-the-token")

    assert stopped_with(msp) == "KS03"


def test_ks08_a_line_that_the_psa_refuses_is_reported_alone(msp):
    """One bad line never stops its customer."""
    run = msp.run()
    run.plan()
    run.review()
    msp.box.control.add_fault("success_false", system="kaseya_bms", endpoint=WRITE, nth=3, count=1)
    with pytest.raises(Exception, match=r"1 of \d+ changes are not done"):
        run.push()

    assert [finding.code for finding in run.findings()].count("KS08") == 1
    assert len(msp.written()) == len(msp.wanted(run)) - 1


def test_ks10_a_period_that_cannot_be_read_stops_the_run(msp):
    """A wrong period names the value and what is allowed."""
    run = msp.run(billing_period="last month")

    with pytest.raises(Exception, match=r"KS10: .*'last month'.*Previous, Current, or a date"):
        run.resolve()


def test_ks11_a_removed_item_is_set_to_zero_in_the_next_period(msp):
    """Zeroing takes managed lines whose customer and SKU have no quantity this period."""
    msp.close("september", billing_period="2026-09-26")
    before = len(msp.box.control.audit())
    run = msp.close("october", billing_period="2026-10-26")

    zeroed = [finding for finding in run.findings() if finding.code == "KS11"]
    assert zeroed
    zeros = [entry for entry in msp.box.control.audit()[before:] if entry["after"] == "0"]
    assert {finding.about("line") for finding in zeroed} <= {entry["line_id"] for entry in zeros}


def test_ks12_a_contract_type_that_the_tenant_does_not_have_stops_the_run(msp):
    """The value and the legal ones are named, before anything is written."""
    msp.change(policy=replace(msp.settings.policy, contract_type="Recurring Service"))

    assert stopped_with(msp) == "KS12"
    assert msp.written() == []


def test_ks13_settings_that_cannot_be_read_stop_the_run(msp, tmp_path):
    """Every setting error names the file, the key, the value and what is allowed, before the run starts."""
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules:\n  - name: trials\n    exlude: no trials\n")
    msp.change(rules=str(rules))

    assert stopped_with(msp, steps="resolve") == "KS13"


def test_ks15_an_empty_period_never_sets_anything_to_zero(msp):
    """An empty period (KS15) never zeroes anything."""
    msp.close("september", billing_period="2026-09-26")
    before = msp.written()
    msp.box.control.change_settings(atria_empty=True)
    run = msp.close("october", billing_period="2026-10-26")

    assert "KS15" in run.codes()
    assert msp.written() == before


def test_ks16_a_connection_that_does_not_exist_stops_the_run(msp):
    """The connection is named."""
    msp.change(psa_conn_id="no_such_connection")

    assert stopped_with(msp, steps="resolve") == "KS16"


def test_ks17_a_refused_sign_in_stops_the_run_without_showing_the_password(msp, monkeypatch):
    """Bad credentials are told apart, and no secret is shown."""
    connection(msp, monkeypatch, password="Wrong-Passw0rd")
    run = msp.run("stopped")

    with pytest.raises(Exception, match=r"^KS17") as stopped:
        run.plan()
    assert "Wrong-Passw0rd" not in str(stopped.value)


def test_ks20_an_empty_api_url_stops_the_run(msp, monkeypatch):
    """An empty URL is an error."""
    connection(msp, monkeypatch, host="")

    assert stopped_with(msp, steps="plan") == "KS20"


@pytest.mark.parametrize("field", ["login", "password"])
def test_ks21_an_empty_secret_stops_the_run_and_names_the_field(msp, monkeypatch, field):
    """The field is named, never its value."""
    connection(msp, monkeypatch, **{field: ""})

    assert stopped_with(msp) == "KS21"
