"""A review that nobody answers: nothing is written, it is said, and clearing the task asks again."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from billing_providers.errors import BillingError
from tests.support.closing import Closing


def test_a_review_that_nobody_answers_fails_with_its_reason_and_can_be_asked_again(msp: Closing) -> None:
    """What Airflow hands over when the time is up is no decision of anybody."""
    from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput

    msp.change(review="always")
    run = msp.run()
    run.plan()
    with patch("airflow.providers.standard.operators.hitl.upsert_hitl_detail"), pytest.raises(TaskAwaitingInput):
        run.review_operator().execute(run.context)

    with pytest.raises(AirflowFailException, match="nobody answered the review in time"):
        run.review_operator().execute_complete(run.context, {"error": "timed out", "error_type": "timeout"})

    (told,) = [finding for finding in run.findings() if finding.number == 139]
    assert "not answered" in told.message
    with pytest.raises((BillingError, AirflowFailException)):
        run.push()
    assert msp.written() == []

    run.review()
    run.push()
    assert msp.written() == msp.wanted(run)
