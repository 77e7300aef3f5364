"""The digests that bind a diff to what decided it. A changed byte anywhere gives another digest.

Covered: the digests of snapshot, rules, mappings, policy and live lines, the tool's version, period, tenant, line
strategy, and every change and matched line with all their fields. Not covered: run ids, the clock, and findings,
which explain but decide nothing.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import date
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Any

from billing_providers.engine.live_lines import LiveLines
from billing_providers.model.changes import ContractDiff, LineChange, MatchedLine
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.settings import IntegrationSettings

_BETWEEN = "\x1f"
_LINE_COLUMNS = (
    "line_id", "contract_id", "service_id", "quantity", "unit_cost", "unit_price", "open", "version", "effective_date",
    "last_day", "invoice_text", "included", "billable", "schedule", "owned_by",
)  # fmt: skip
_DIFF_FIELDS = (
    "integration", "psa", "tenant", "period_start", "period_end", "timezone", "complete", "applicable",
    "unchanged_count", "strategy", "snapshot_id", "charge_set_id", "counts", "totals",
)  # fmt: skip


def diff_digest(diff: ContractDiff) -> str:
    """Return the digest of a diff's content; its own ``digest`` field is not read."""
    sha = hashlib.sha256()
    head = {name: getattr(diff, name) for name in _DIFF_FIELDS} | {"inputs": dataclasses.asdict(diff.inputs)}
    _feed(sha, head)
    for row_type, rows in ((LineChange, diff.changes), (MatchedLine, diff.matched)):
        for field in dataclasses.fields(row_type):
            _feed_column(sha, field.name, list(map(attrgetter(field.name), rows)))
    return sha.hexdigest()


def verify_digest(diff: ContractDiff) -> bool:
    """Whether a diff's content fits its digest."""
    return diff.digest == diff_digest(diff)


def live_lines_digest(live: LiveLines) -> str:
    """Return the digest of the live lines that were read, whatever the order they were read in."""
    sha = hashlib.sha256()
    for name in _LINE_COLUMNS:
        _feed_column(sha, name, live.columns[name])
    return sha.hexdigest()


def policy_digest(settings: IntegrationSettings) -> str:
    """Return the digest of what the settings say about how usage becomes changes and what is held."""
    sha = hashlib.sha256()
    _feed(sha, {"policy": dataclasses.asdict(settings.policy), "guards": dataclasses.asdict(settings.guards)})
    return sha.hexdigest()


def joint_digest(*digests: str) -> str:
    """Return one digest of several."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def plain_value(value: Any) -> Any:
    """Return a value as JSON holds it: decimals and dates as canonical text, records as lists and objects."""
    if isinstance(value, Decimal):
        return text_from_decimal(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, dict):
        return {key: plain_value(held) for key, held in value.items()}
    if isinstance(value, tuple | list):
        return [plain_value(held) for held in value]
    return plain_value(dataclasses.astuple(value)) if dataclasses.is_dataclass(value) else value  # type: ignore[arg-type]


def _feed(sha: Any, value: Any) -> None:
    sha.update(json.dumps(plain_value(value), ensure_ascii=False, sort_keys=True).encode())


def _feed_column(sha: Any, name: str, column: list[Any]) -> None:
    """Feed rows column by column: the same content as row by row, at a fraction of the time."""
    if column and type(column[0]) is not str:
        texts = {value: json.dumps(plain_value(value)) for value in set(column)}
        column = [texts[value] for value in column]
    sha.update(f"{name} {len(column)} ".encode())
    joined = _BETWEEN.join(column)
    if joined.count(_BETWEEN) == max(len(column) - 1, 0):
        sha.update(joined.encode())
    else:  # a text that holds the separator: told apart by quoting, so that no two columns look alike
        sha.update(json.dumps(column).encode())
