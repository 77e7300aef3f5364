"""The files of a run's billing items, next to each other in the artifact folder.

CSV files and the page are always written. Parquet and pictures need the extra ``datasets``; what is missing is told.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from operator import attrgetter
from typing import Any

from billing_providers.engine.billing_charts import Chart
from billing_providers.model.billing_dataset import BillingItem, BillingTotal
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.runs import RunScope
from billing_providers.model.settings import IntegrationSettings
from billing_providers.steps.artifacts import write_artifact, write_csv
from billing_providers.steps.billing_page import billing_page

_RUN_MAX = 80


@dataclass
class BillingItemFiles:
    """Addresses of what was written, and what could not be.

    :ivar missing: kind of file → why it is missing, e.g. ``No module named 'pyarrow'``.
    """

    items_csv: str = ""
    totals_csv: str = ""
    items_parquet: str = ""
    page: str = ""
    charts: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    def addresses(self) -> dict[str, Any]:
        """Return the addresses by kind; of what is missing an empty one."""
        return {name.name: getattr(self, name.name) for name in fields(self) if name.name != "missing"}


def write_billing_items(
    settings: IntegrationSettings,
    scope: RunScope,
    items: Sequence[BillingItem],
    totals: Sequence[BillingTotal],
    charts: Sequence[Chart],
) -> BillingItemFiles:
    """Write the files of a run; a run that reads again writes over its own."""
    stem = f"{scope.period.start}-{run_word(scope.run_key)}"
    files = BillingItemFiles()
    files.items_csv = _write_records(settings, f"billing-items-{stem}.csv", BillingItem, items)
    files.totals_csv = _write_records(settings, f"billing-totals-{stem}.csv", BillingTotal, totals)
    _write_parquet(files, settings, f"billing-items-{stem}.parquet", scope, items)
    pictures = _write_pictures(files, settings, stem, charts)
    title = f"Pending and posted billing items, {scope.period.start} to {scope.period.last_day}: {scope.integration}"
    page = billing_page(title, items, totals, charts, pictures)
    files.page = write_artifact(settings, f"billing-items-{stem}.html", page.encode())
    return files


def run_word(run_key: str) -> str:
    """Return a run's key as part of a file name: what other systems refuse is replaced, and a digest keeps it unique.

    >>> run_word("kaseya_modules_to_autotask/manual__2026-11-02T06:00:00+00:00")
    'manual__2026-11-02T06-00-00-00-00-f865d2'
    """
    run_id = run_key.partition("/")[2] or run_key
    word = re.sub(r"[^A-Za-z0-9_.-]+", "-", run_id).strip("-.")[:_RUN_MAX]
    return f"{word}-{hashlib.sha256(run_key.encode()).hexdigest()[:6]}"


def _write_parquet(
    files: BillingItemFiles, settings: IntegrationSettings, name: str, scope: RunScope, items: Sequence[BillingItem]
) -> None:
    from billing_providers.steps.billing_parquet import billing_parquet

    about = {"run_key": scope.run_key, "integration": scope.integration, "tenant": scope.tenant}
    try:
        files.items_parquet = write_artifact(settings, name, billing_parquet(items, about))
    except ImportError as error:
        files.missing["the Parquet file"] = str(error)


def _write_pictures(
    files: BillingItemFiles, settings: IntegrationSettings, stem: str, charts: Iterable[Chart]
) -> dict[str, bytes]:
    from billing_providers.steps.billing_pictures import drawn

    try:
        pictures = {chart.name: drawn(chart) for chart in charts}
    except ImportError as error:
        files.missing["the pictures"] = str(error)
        return {}
    files.charts = [write_artifact(settings, f"billing-{name}-{stem}.png", image) for name, image in pictures.items()]
    return pictures


def _write_records(settings: IntegrationSettings, name: str, kind: type[Any], records: Iterable[Any]) -> str:
    """Write records of one kind, a column for each field."""
    names = [field.name for field in fields(kind)]
    values = attrgetter(*names)
    heads = [column.replace("_", " ") for column in names]
    return write_csv(settings, name, heads, ([_cell(value) for value in values(record)] for record in records))


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return text_from_decimal(value) if isinstance(value, Decimal) else "" if value is None else str(value)
