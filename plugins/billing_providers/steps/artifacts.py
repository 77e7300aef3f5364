"""Files that a run leaves for people and for tasks: large diffs and change lists."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from billing_providers.model.changes import ContractDiff, LineChange
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.settings import IntegrationSettings

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

_COLUMNS = (
    "account", "contract", "contract id", "service", "line id", "what", "quantity before", "quantity after",
    "effective date", "unit price", "customers", "skus", "held by", "reason",
)  # fmt: skip


def artifact_folder(settings: IntegrationSettings) -> ObjectStoragePath:
    """Return the folder of this integration's artifacts; made when missing."""
    from airflow.configuration import AIRFLOW_HOME
    from airflow.sdk import ObjectStoragePath

    base = ObjectStoragePath(settings.artifacts or f"file://{AIRFLOW_HOME}/billing")
    folder = base / settings.integration
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_json(settings: IntegrationSettings, name: str, value: dict[str, Any]) -> str:
    """Write a JSON artifact and return its address. The same content has the same name."""
    path = artifact_folder(settings) / f"{name}.json"
    path.write_text(json.dumps(value, ensure_ascii=False, sort_keys=True))
    return str(path)


def write_change_list(settings: IntegrationSettings, diff: ContractDiff) -> str:
    """Write the exact change list as CSV for a person, and return its address."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(_COLUMNS)
    rows.writerows([_harmless(cell) for cell in _row(change)] for change in diff.changes)
    path = artifact_folder(settings) / f"changes-{diff.period_start}-{diff.digest[:16]}.csv"
    path.write_text(text.getvalue(), encoding="utf-8-sig")
    return str(path)


def _row(change: LineChange) -> tuple[str, ...]:
    return (
        change.account_name,
        change.contract_name,
        change.contract_id,
        change.service_name,
        change.line_id,
        change.kind.value,
        "unknown" if change.quantity_before is None else text_from_decimal(change.quantity_before),
        text_from_decimal(change.quantity_after),
        change.effective_date.isoformat(),
        "" if change.unit_price is None else text_from_decimal(change.unit_price),
        ", ".join(change.customer_names),
        ", ".join(change.skus),
        ", ".join(change.held_by),
        change.reason,
    )


def _harmless(cell: str) -> str:
    """Keep spreadsheets from taking a name for a formula; plain negative numbers stay numbers."""
    if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} and not cell.lstrip("-").replace(".", "", 1).isdigit():
        return f"'{cell}"
    return cell
