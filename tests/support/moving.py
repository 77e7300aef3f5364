"""A month in which usage moves inside the period: the changes DAG every quarter of an hour, then the close."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

from billing_providers.model.policy import Policy
from billing_providers.model.settings import ReviewMode
from billing_providers.steps.step import BillingStep
from tests.support.closing import Closing
from tests.support.pipeline import Pipeline

TABLE = "sku,moves,note\nMS365*,at_once,seats\n*,billing_date,\n"
QUARTER = timedelta(minutes=15)
PERIOD_END = "2026-11-25"  # last day of the period that is open on MONDAY
MONDAY = datetime(2026, 11, 9, 10, tzinfo=UTC)
CLOSE = datetime(2026, 11, 26, 22, tzinfo=UTC)


class Month:
    """One MSP; time goes on as its methods are called."""

    def __init__(self, msp: Closing, folder: Path, *, table: str = TABLE, **policy: Any) -> None:
        path = folder / "movement.csv"
        path.write_text(table)
        self.msp, self.at, self.number = msp, MONDAY, 0
        of_policy = {**{name: getattr(msp.settings.policy, name) for name in Policy.__slots__}, **policy}
        msp.change(movement=str(path), policy=Policy(**of_policy))

    def changes(self, *, after: timedelta = QUARTER, **params: Any) -> Pipeline:
        """Run the changes DAG some time later."""
        self.at, self.number = self.at + after, self.number + 1
        settings = replace(self.msp.settings, review=params.pop("review", ReviewMode.OFF))
        run = Pipeline(
            settings,
            run_id=f"changes-{self.number}",
            run_after=self.at,
            dag_id=f"{settings.integration}_changes",
            **{"billing_period": "Current", **params},
        )
        with patch.object(BillingStep, "now", lambda _: self.at), suppress_failure():
            run.close()
        return run

    def settled(self) -> int:
        """Bring the lines that move at once to what the source shows; return how much is written by then."""
        self.changes()
        self.changes(review=ReviewMode.GUARDS)
        return len(self.audit())

    def close(self, run_id: str = "close", at: datetime = CLOSE, **params: Any) -> Pipeline:
        """Run the close of the period."""
        self.at = max(self.at, at)
        run = Pipeline(self.msp.settings, run_id=run_id, run_after=self.at, **{"billing_period": PERIOD_END, **params})
        with patch.object(BillingStep, "now", lambda _: self.at), suppress_failure():
            run.close()
        return run

    def audit(self, since: int = 0) -> list[tuple[str, Decimal, Decimal]]:
        """Return what was written: line, before, after, in order."""
        entries = self.msp.box.control.audit()[since:]
        return [(one["line_id"], Decimal(one["before"]), Decimal(one["after"])) for one in entries]

    def seats(self, customer: str, quantity: str, period_end: str = PERIOD_END, **changes: Any) -> None:
        """Have the source show another number of seats for a customer."""
        changes = changes or {"quantity": quantity}
        self.msp.box.control.edit_usage(customer, "MS365-BP", period_end=period_end, **changes)


def suppress_failure() -> Any:
    """A run that ends badly fails its report; what it did is looked at all the same."""
    from airflow.sdk.exceptions import AirflowFailException

    return suppress(AirflowFailException)
