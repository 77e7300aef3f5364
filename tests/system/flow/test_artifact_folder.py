"""A folder for people's files that cannot be written: what stops before the review, and what does not stop after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowException

from billing_providers.model.findings import Level
from tests.support.closing import Closing
from tests.support.pipeline import Pipeline


@contextmanager
def no_folder(run: Pipeline, tmp_path: Path) -> Iterator[None]:
    """A file lies where the folder should be."""
    good = run.settings
    (tmp_path / "a file").write_text("")
    run.settings = replace(good, artifacts=f"file://{tmp_path}/a file")
    yield
    run.settings = good


def test_a_change_list_that_cannot_be_written_stops_the_run_before_the_review(msp: Closing, tmp_path: Path) -> None:
    """Law 2: nobody approves a list that is not there; the task says what, where and what to do, and can be cleared."""
    run = msp.run()
    run.resolve()
    run.wait()
    run.extract()
    run.rules()
    says = (
        r"^KS144: The run was stopped: changes-2026-10-26-\w+\.csv cannot be written to file://.*/a file/atria_to.* "
        r"\(setting artifacts\): .*Not a directory.*; allowed: a folder with room"
    )

    with no_folder(run, tmp_path), pytest.raises(AirflowException, match=says):
        run.map_and_diff()

    assert [finding.about("failure_class") for finding in run.findings() if finding.number == 144] == ["settings"]
    assert msp.written() == []
    assert run.map_and_diff()["change_list_uri"]
    assert 144 not in {finding.number for finding in run.findings()}


def test_a_result_list_that_cannot_be_written_hides_nothing_of_what_was_billed(msp: Closing, tmp_path: Path) -> None:
    """Lines are read back and registered all the same; the list is a warning, and a cleared task writes it."""
    run = msp.run()
    run.plan()
    run.review()
    run.push()

    with no_folder(run, tmp_path):
        verified = run.verify()

    assert verified["result_list_uri"] == ""
    assert verified["counts"]["verified"] == len(msp.written()) > 0
    assert verified["managed_lines"] > 0
    (finding,) = [finding for finding in run.findings() if finding.number == 195]
    assert finding.level is Level.WARNING
    assert "results-2026-10-26-" in finding.message
    assert "Not a directory" in finding.message
    assert run.report()["result"] == "Succeeded with warnings"

    assert run.verify()["result_list_uri"]
    assert 195 not in {finding.number for finding in run.findings()}
