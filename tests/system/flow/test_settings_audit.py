"""Who ran with which settings: a change is told once, with what it was and who started the run, and is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.closing import Closing
from tests.support.pipeline import Pipeline


def told(run: Pipeline) -> list[str]:
    return [finding.message for finding in run.findings() if finding.number == 199]


def test_a_changed_setting_is_told_by_the_first_run_that_has_it(msp: Closing) -> None:
    """The first run of all has nothing to compare with; the one after a change says it; the next is quiet again."""
    assert told(msp.close("r1")) == []

    msp.change(policy=replace(msp.settings.policy, zeroing_limit=7))
    changed = msp.close("r2")

    (message,) = told(changed)
    assert f"{msp.settings.integration}/r1" in message
    assert "started by ann" in message
    assert "policy.zeroing_limit: 25 → 7" in message
    assert told(msp.close("r3")) == []
    log = changed.ledger.settings_log.all(msp.settings.integration)
    assert [(entry.run_key.partition("/")[2], entry.started_by) for entry in log] == [("r1", "ann"), ("r2", "ann")]


@pytest.mark.parametrize("name", ["rules", "customer_map", "service_map"])
def test_a_file_that_holds_something_else_is_a_changed_setting(msp: Closing, tmp_path: Path, name: str) -> None:
    """A mapping table under the same name; other line endings are no change."""
    copy = tmp_path / "table"
    text = Path(getattr(msp.settings, name)).read_text(encoding="utf-8")
    copy.write_text(text, encoding="utf-8")
    msp.change(**{name: str(copy)})
    assert told(msp.close("r1")) == []

    copy.write_bytes(text.replace("\n", "\r\n").encode())
    assert told(msp.close("r2")) == []

    copy.write_text(f"{text}# a note\n", encoding="utf-8")
    run = msp.run("r3")
    run.resolve()
    assert f"{name} (content)" in told(run)[0]


def test_dags_of_one_integration_have_a_log_of_their_own(msp: Closing) -> None:
    """A second DAG that differs on purpose is no change of the first."""
    msp.close("r1")
    other = replace(msp.settings, policy=replace(msp.settings.policy, zeroing_limit=7))
    beside = Pipeline(other, run_id="c1", dag_id="atria_changes")
    beside.close()

    assert told(beside) == []
    assert told(msp.close("r2")) == []
