"""What Airflow loads at start-up, by the ``airflow.plugins`` entry point. Nothing heavy may be imported here."""

from __future__ import annotations

from typing import ClassVar

from airflow.plugins_manager import AirflowPlugin

from billing_providers.timetables.billing_period import BillingPeriodTimetable


class BillingPlugin(AirflowPlugin):
    """Registers the billing calendar, without which no DAG of ours can be serialised."""

    name = "billing_providers"
    timetables: ClassVar = [BillingPeriodTimetable]
