"""The form of the review names the diff that it shows: an approval counts for that one alone."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest

from billing_providers.errors import BillingError
from tests.support.closing import Closing
from tests.support.pipeline import Pipeline

OLDER = "0123456789ab" + 52 * "c"


@pytest.fixture
def asked(msp: Closing) -> Pipeline:
    """A run whose diff waits for an answer."""
    msp.change(review="always")
    run = msp.run()
    run.plan()
    return run


def form_of(run: Pipeline) -> dict[str, Any]:
    """Ask, and return the fields of the form as Airflow is handed them."""
    from airflow.sdk.exceptions import TaskAwaitingInput

    with (
        patch("airflow.providers.standard.operators.hitl.upsert_hitl_detail") as asks,
        pytest.raises(TaskAwaitingInput),
    ):
        run.review_operator().execute(run.context)
    return dict(asks.call_args.kwargs["params"])


def test_the_form_names_the_diff_that_its_text_shows(asked: Pipeline) -> None:
    form = form_of(asked)

    assert {name: field["value"] for name, field in form.items()} == {"diff": asked.diff["digest"]}
    assert "Review" in form["diff"]["description"]


@pytest.mark.parametrize("told", [64, 12])
def test_an_approval_of_the_diff_that_is_to_be_written_clears_it(msp: Closing, asked: Pipeline, told: int) -> None:
    """The whole digest, as the form has it, or as much of it as people are told."""
    form_of(asked)
    asked.answer("Approve", "ann", diff=f" {asked.diff['digest'][:told]} ")

    asked.push()
    assert msp.written() == msp.wanted(asked)


@pytest.mark.parametrize("shown", [OLDER, "0123", " "])
def test_an_approval_of_another_diff_is_refused_with_both_digests_and_clears_nothing(
    msp: Closing, asked: Pipeline, shown: str
) -> None:
    """Airflow shows the text of its first question again when a task was cleared, whatever was planned since."""
    from airflow.sdk.exceptions import AirflowException

    form_of(asked)
    with pytest.raises(AirflowException, match="Airflow still showed the question as it was asked first"):
        asked.answer("Approve", "ann", diff=shown)

    (told,) = [finding for finding in asked.findings() if finding.number == 144]
    assert (shown.strip()[:12] or "(none)") in told.message
    assert asked.diff["digest"][:12] in told.message
    with pytest.raises((BillingError, AirflowException)):
        asked.push()
    assert msp.written() == []

    form_of(asked)
    asked.answer("Approve", "ann", diff=asked.diff["digest"][:12])
    asked.push()
    assert msp.written() == msp.wanted(asked)


def test_a_rejection_counts_whatever_the_form_showed(msp: Closing, asked: Pipeline) -> None:
    form_of(asked)
    asked.answer("Reject", "ann", diff=OLDER)

    decided = asked.ledger.diffs.approval(asked.diff["digest"])
    assert decided is not None
    assert decided.decision == "rejected"
    assert msp.written() == []
