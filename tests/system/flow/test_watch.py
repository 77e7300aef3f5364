"""The daily look ahead, against real twins, a real ledger and a real mail server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from billing_providers.ledger.connect import open_ledger
from billing_providers.model.findings import Finding
from billing_providers.operators import CheckSetupOperator
from tests.support.closing import Closing, closing
from tests.support.smtp_sink import SmtpSink, smtp_sink

GRACE = timedelta(days=1)


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmtpSink]:
    with smtp_sink() as server:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(server.connection))
        yield server


@pytest.fixture
def told(msp: Closing) -> Closing:
    msp.change(notify=("owner@harbour.example",))
    return msp


def look(msp: Closing) -> dict[str, Any]:
    """Run the task once, as Airflow does."""
    dag_id = f"{msp.settings.integration}_watch"
    context: Any = {"dag_run": SimpleNamespace(dag_id=dag_id, run_id="today"), "params": {}}
    answer = CheckSetupOperator(task_id="check_setup", settings=msp.settings, grace=GRACE).execute(context)
    return dict(json.loads(json.dumps(answer)))


def found(msp: Closing) -> list[Finding]:
    return [one for _, one in open_ledger("billing_ledger").findings.of_run(f"{msp.settings.integration}_watch")]


def billed(msp: Closing) -> None:
    """Close the last period whose run was due more than a day ago."""
    calendar = msp.settings.calendar
    period = calendar.period_containing(calendar.local_date(datetime.now(UTC) - GRACE))
    while period.end_instant() + msp.settings.settle_delay > datetime.now(UTC) - GRACE:
        period = calendar.period_before(period)
    msp.close(billing_period=str(period.start))


def test_a_morning_on_which_all_is_well(told: Closing, sink: SmtpSink) -> None:
    """Connections work, the last period is billed: no finding, no mail, nothing sent to the PSA."""
    billed(told)
    sink.mails.clear()
    written = told.written()

    assert look(told) == {"findings": []}
    assert found(told) == []
    assert sink.mails == []
    assert told.written() == written


def test_a_password_that_was_changed_is_told_before_the_billing_day(
    told: Closing, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the connection and the day; again every day, and once more when it is over."""
    billed(told)
    sink.mails.clear()
    good = json.loads(told.environment["AIRFLOW_CONN_KASEYA_BMS_DEFAULT"])
    monkeypatch.setenv("AIRFLOW_CONN_KASEYA_BMS_DEFAULT", json.dumps({**good, "password": "changed"}))
    for _ in range(2):
        with pytest.raises(Exception, match="KS192: PSA connection kaseya_bms_default does not work"):
            look(told)

    monkeypatch.setenv("AIRFLOW_CONN_KASEYA_BMS_DEFAULT", json.dumps(good))
    look(told)
    look(told)

    assert [mail["Subject"] for mail in sink.mails] == [
        "atria_to_kaseya_bms: 1 wrong, 1 found",
        "atria_to_kaseya_bms: 1 wrong, 1 found",
        "atria_to_kaseya_bms: nothing wrong, 0 found",
    ]
    body = sink.mails[0].get_body(("html",)).get_content()
    assert "The next period is billed on 20" in body
    assert "changed" not in body.replace("was changed", "")


def test_source_tables_and_rules_are_tried_as_well(told: Closing, sink: SmtpSink) -> None:
    """Everything that would stop a run is named in one go."""
    billed(told)
    told.change(rules="/nowhere/rules.yaml")
    told.box.control.add_fault("status", system="atria", endpoint="GET *", status=403, count=0)

    with pytest.raises(Exception, match="KS192") as caught:
        look(told)

    assert "A file of the settings does not work: /nowhere/rules.yaml" in str(caught.value)
    assert "Source atria (connection atria_default) does not work" in str(caught.value)
    assert len(found(told)) == 2


def test_a_run_that_never_started_is_told(told: Closing, sink: SmtpSink) -> None:
    """A paused DAG and a dead scheduler send no mail of their own."""
    with pytest.raises(Exception, match=r"KS193: The period 20.* is not billed: no run was started for it"):
        look(told)

    (mail,) = sink.mails
    assert "unpause the DAG when it is paused" in mail.get_body(("html",)).get_content()


def test_a_run_for_one_customer_does_not_close_the_period(told: Closing) -> None:
    """What was billed for one new customer is not a close."""
    calendar = told.settings.calendar
    period = calendar.period_before(calendar.period_containing(calendar.local_date(datetime.now(UTC) - GRACE)))
    usage = told.box.control.usage(str(period.last_day))
    run = told.close(billing_period=str(period.start), customers=[usage[0]["customer_code"]])
    assert run.ledger.runs.find(run.run_key).result != "Failed"

    with pytest.raises(Exception, match="KS193"):
        look(told)


def test_a_model_version_that_grows_old_is_advice_and_no_error(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The task is green, the finding stands; told once, not every morning."""
    with closing(tmp_path, "msp360_to_connectwise") as msp, smtp_sink() as sink:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(sink.connection))
        msp.change(notify=("owner@harbour.example",))
        fields = json.loads(msp.environment["AIRFLOW_CONN_CONNECTWISE_DEFAULT"])
        fields["extra"] = {**fields["extra"], "api_version": "2023.1"}
        monkeypatch.setenv("AIRFLOW_CONN_CONNECTWISE_DEFAULT", json.dumps(fields))
        billed(msp)
        sink.mails.clear()

        for _ in range(2):
            (said,) = look(msp)["findings"]

        assert said == (
            "CW194: Connection connectwise_default: model version 2023.1 is from 2023 and may end soon; "
            "set api_version to a newer one."
        )
        assert [mail["Subject"] for mail in sink.mails] == ["msp360_to_connectwise: nothing wrong, 1 found"]
