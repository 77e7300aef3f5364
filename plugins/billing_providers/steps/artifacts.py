"""Files that a run leaves for people and for tasks: large diffs, change lists and what came of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from billing_providers.engine.margin import margins
from billing_providers.engine.spreadsheet_csv import csv_text
from billing_providers.errors import ArtifactError
from billing_providers.model.changes import ContractDiff, LineChange, told_fields
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.journal import DONE, JournalEntry
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.record_link import RecordLink
from billing_providers.model.settings import IntegrationSettings

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = (
    "account", "contract", "contract id", "service", "line id", "what", "quantity before", "quantity after",
    "effective date", "unit cost", "unit price", "margin", "also set", "customers", "skus", "held by", "reason", "link",
)  # fmt: skip
_RESULT_COLUMNS = (
    "account", "contract", "contract id", "service", "line id", "quantity before", "quantity wanted", "also set",
    "effective date", "state", "quantity read back", "margin", "detail", "customers", "link",
)  # fmt: skip
_USAGE_COLUMNS = (
    "customer_code", "customer_name", "sku", "quantity", "unit", "total_cost", "total_price", "currency", "description",
)  # fmt: skip


def write_artifact(settings: IntegrationSettings, name: str, content: bytes) -> str:
    """Write a file to the folder of this integration's artifacts, which is made when missing; return its address.

    :raises ArtifactError: when it cannot be written, for whatever reason the storage has.
    """
    from airflow.configuration import AIRFLOW_HOME
    from airflow.sdk import ObjectStoragePath

    base = settings.artifacts or f"file://{AIRFLOW_HOME}/billing"
    try:
        folder = ObjectStoragePath(base) / settings.integration
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        _refuse_link(path)
        path.write_bytes(content)
    except (OSError, ValueError, ImportError) as error:  # no room or right; no such scheme; its package is missing
        raise ArtifactError(
            f"{name} cannot be written to {base}/{settings.integration} (setting artifacts): {error}; "
            "allowed: a folder with room that every worker may write to"
        ) from error
    return str(path)


def _refuse_link(path: Any) -> None:
    """Refuse to write through a link that somebody laid where a file of ours belongs: it may lead anywhere."""
    if path.protocol in {"", "file", "local"} and Path(path.path).is_symlink():
        raise OSError(f"{path} is a link to another file")


def write_json(settings: IntegrationSettings, name: str, value: dict[str, Any]) -> str:
    """Write a JSON artifact and return its address. The same content has the same name."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return write_artifact(settings, f"{name}.json", text.encode())


def write_csv(settings: IntegrationSettings, name: str, heading: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a CSV file that spreadsheets take for UTF-8 and in which no cell is a formula; return its address."""
    return write_artifact(settings, name, csv_text(heading, rows).encode("utf-8-sig"))


def write_change_list(settings: IntegrationSettings, diff: ContractDiff) -> str:
    """Write the exact change list as CSV for a person, and return its address."""
    name = f"changes-{diff.period_start}-{diff.digest[:16]}.csv"
    link, of = RecordLink(settings.contract_link), margins(diff).of
    rows = ((*_row(change, of[change.change_id]), link.of(change)) for change in diff.changes)
    return write_csv(settings, name, _COLUMNS, rows)


def write_result_list(settings: IntegrationSettings, diff: ContractDiff, states: Mapping[str, JournalEntry]) -> str:
    """Write what came of every change as CSV: what was wanted, and beside it what was read back; return its address."""
    name, link = f"results-{diff.period_start}-{diff.digest[:16]}.csv", RecordLink(settings.contract_link)
    of = margins(diff).of
    rows = (
        (*_result_row(change, states.get(change.change_id), of[change.change_id]), link.of(change))
        for change in diff.changes
    )
    return write_csv(settings, name, _RESULT_COLUMNS, rows)


def write_usage_list(
    settings: IntegrationSettings, period: BillingPeriod, charges: pd.DataFrame, accounts: Mapping[str, str]
) -> str:
    """Write the usage of a period as CSV, one row per charge line with the account that it belongs to.

    :param accounts: customer code → account id; usage of other customers is left out.
    """
    columns = [charges[name].tolist() for name in _USAGE_COLUMNS]
    rows = (
        [str(period.start), str(period.last_day), accounts[cells[0]], *map(_cell, cells)]
        for cells in zip(*columns, strict=True)
        if cells[0] in accounts
    )
    heading = ("period start", "period end", "account id", *(name.replace("_", " ") for name in _USAGE_COLUMNS))
    return write_csv(settings, f"usage-{period.start}.csv", heading, rows)


def _cell(value: Any) -> str:
    return text_from_decimal(value) if isinstance(value, Decimal) else "" if value is None else str(value)


def _row(change: LineChange, margin: Decimal | None) -> tuple[str, ...]:
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
        _cell(change.unit_cost),
        _cell(change.unit_price),
        _cell(margin),
        told_fields(change),
        ", ".join(change.customer_names),
        ", ".join(change.skus),
        ", ".join(change.held_by),
        change.reason,
    )


def _result_row(change: LineChange, entry: JournalEntry | None, margin: Decimal | None) -> tuple[str, ...]:
    stands = entry is not None and entry.state in DONE  # else nobody knows what the line brings in
    return (
        change.account_name,
        change.contract_name,
        change.contract_id,
        change.service_name,
        (entry.line_id if entry else "") or change.line_id,
        _cell(change.quantity_before),
        _cell(change.quantity_after),
        told_fields(change),
        change.effective_date.isoformat(),
        entry.state.value if entry else "not pushed",
        _cell(entry.observed) if entry else "",
        _cell(margin) if stands else "",
        entry.detail if entry else "",
        ", ".join(change.customer_names),
    )
