"""What Airflow loads at start-up, by the ``airflow.plugins`` entry point. Nothing heavy may be imported here."""

from __future__ import annotations

from typing import ClassVar

from airflow.plugins_manager import AirflowPlugin

from billing_providers.pages.lazy_app import LazyApp
from billing_providers.timetables.billing_period import BillingPeriodTimetable


class BillingPlugin(AirflowPlugin):
    """Registers the billing calendar, without which no DAG of ours can be serialised, and the pages."""

    name = "billing_providers"
    timetables: ClassVar = [BillingPeriodTimetable]
    fastapi_apps: ClassVar = [{"app": LazyApp(), "url_prefix": "/billing", "name": "Billing"}]
    external_views: ClassVar = [
        {
            "name": "Billing",
            "href": "billing/close",
            "destination": "nav",
            "url_route": "billing",
        },
        {
            "name": "Billing",
            "href": "billing/run?dag_id={DAG_ID}&run_id={RUN_ID}",
            "destination": "dag_run",
            "url_route": "billing-run",
        },
    ]
