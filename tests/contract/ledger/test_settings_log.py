"""Who ran with which settings: one row for each state, never changed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy

from billing_providers.errors import LedgerError
from billing_providers.ledger.ledger import Ledger
from billing_providers.model.settings_log import SettingsEntry

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def entry(seq: int, prorate: str) -> SettingsEntry:
    return SettingsEntry("demo", seq, f"demo/{seq}", "ann", NOON, (("policy.prorate", prorate), ("source", "sherweb")))


def test_the_latest_state_and_all_of_them_can_be_read(ledger: Ledger) -> None:
    """By DAG, in order, exactly as they were."""
    assert ledger.settings_log.last("demo") is None
    for one in (entry(1, "False"), entry(2, "True")):
        ledger.settings_log.add(one)

    assert ledger.settings_log.last("demo") == entry(2, "True")
    assert ledger.settings_log.all("demo") == [entry(1, "False"), entry(2, "True")]
    assert ledger.settings_log.all("other") == []


def test_two_runs_that_start_at_once_cannot_both_be_the_next(ledger: Ledger) -> None:
    """Neither state hides the other."""
    ledger.settings_log.add(entry(1, "False"))

    with pytest.raises(LedgerError):
        ledger.settings_log.add(entry(1, "True"))


@pytest.mark.parametrize(
    "statement", ["UPDATE billing_settings_log SET started_by = 'x'", "DELETE FROM billing_settings_log"]
)
def test_the_database_itself_refuses_to_change_it(ledger: Ledger, url: str, statement: str) -> None:
    """An audit that can be edited is none."""
    ledger.settings_log.add(entry(1, "False"))
    engine = sqlalchemy.create_engine(url)

    with pytest.raises(sqlalchemy.exc.SQLAlchemyError, match="append-only"), engine.begin() as raw:
        raw.execute(sqlalchemy.text(statement))
