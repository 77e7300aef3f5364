"""A contract diff as JSON and back, exactly; and its summary, which is what other tasks and people see first.

Decimals and dates are text. ``diff_from_json(diff_to_json(diff)) == diff`` holds for every diff.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from billing_providers.engine.digest import plain_value
from billing_providers.engine.margin import margins
from billing_providers.model.changes import (
    ChangeKind,
    ContractDiff,
    DiffInputs,
    FieldChange,
    LineChange,
    LineField,
    MatchedLine,
)
from billing_providers.model.findings import Finding, Level, Scope


def diff_to_json(diff: ContractDiff) -> dict[str, Any]:
    """Return the diff as a JSON object."""
    rows = {
        "changes": [_object(change) for change in diff.changes],
        "matched": [_object(line) for line in diff.matched],
        "findings": [finding_to_json(finding) for finding in diff.findings],
        "inputs": _object(diff.inputs),
        "counts": dict(diff.counts),
        "totals": plain_value(dict(diff.totals)),
    }
    head = {field.name: getattr(diff, field.name) for field in dataclasses.fields(diff) if field.name not in rows}
    return {**plain_value(head), **rows}


def diff_from_json(value: Mapping[str, Any]) -> ContractDiff:
    """Return the diff that was written by :func:`diff_to_json`."""
    return ContractDiff(
        **{
            **value,
            "period_start": date.fromisoformat(value["period_start"]),
            "period_end": date.fromisoformat(value["period_end"]),
            "changes": tuple(_change(change) for change in value["changes"]),
            "matched": tuple(
                MatchedLine(**{**line, "quantity": Decimal(line["quantity"]), "included": _number(line), **_days(line)})
                for line in value["matched"]
            ),
            "findings": tuple(finding_from_json(finding) for finding in value["findings"]),
            "inputs": DiffInputs(**value["inputs"]),
            "counts": tuple(sorted(value["counts"].items())),
            "totals": tuple(sorted((name, Decimal(total)) for name, total in value["totals"].items())),
        }
    )


def diff_summary(diff: ContractDiff, inline_max: int, artifact_uri: str = "") -> dict[str, Any]:
    """Return what goes from task to task: digest, counts, totals, findings, and up to ``inline_max`` changes.

    More changes than that are an empty list here and stand in the artifact. ``margin`` sums what changed lines leave
    over as they end; of ``unknown`` ones cost or price is not known.
    """
    inline, margin = len(diff.changes) <= inline_max, margins(diff)
    return {
        "integration": diff.integration,
        "psa": diff.psa,
        "period": {
            "start": diff.period_start.isoformat(),
            "end": diff.period_end.isoformat(),
            "timezone": diff.timezone,
        },
        "digest": diff.digest,
        "complete": diff.complete,
        "applicable": diff.applicable,
        "strategy": diff.strategy,
        "counts": dict(diff.counts),
        "totals": plain_value(dict(diff.totals)),
        "margin": {"total": plain_value(margin.total), "lines": margin.lines, "unknown": margin.unknown},
        "changes": [_object(change) for change in diff.changes] if inline else [],
        "artifact_uri": artifact_uri,
        "findings": [finding_to_json(finding) for finding in diff.findings[:inline_max]],
        "finding_count": len(diff.findings),
    }


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as a JSON object."""
    return {**_object(finding), "subject": dict(finding.subject)}


def finding_from_json(value: Mapping[str, Any]) -> Finding:
    """Return the finding that was written by :func:`finding_to_json`."""
    return Finding(
        **{
            **value,
            "level": Level(value["level"]),
            "scope": Scope(value["scope"]),
            "subject": tuple(sorted(value["subject"].items())),
        }
    )


def _object(record: Any) -> dict[str, Any]:
    return {field.name: plain_value(getattr(record, field.name)) for field in dataclasses.fields(record)}


def _days(line: Mapping[str, Any]) -> dict[str, date | None]:
    return {name: date.fromisoformat(line[name]) if line[name] else None for name in ("holds_from", "last_day")}


def _number(line: Mapping[str, Any]) -> Decimal | None:
    return None if line["included"] is None else Decimal(line["included"])


def _change(value: Mapping[str, Any]) -> LineChange:
    texts = ("customer_codes", "customer_names", "skus", "charge_nos", "held_by")
    numbers = ("quantity_before", "quantity_after", "unit_cost", "unit_price")
    return LineChange(
        **{
            **value,
            "kind": ChangeKind(value["kind"]),
            "effective_date": date.fromisoformat(value["effective_date"]),
            **{name: tuple(value[name]) for name in texts},
            "fields": tuple(FieldChange(LineField(field), before, after) for field, before, after in value["fields"]),
            **{name: None if value[name] is None else Decimal(value[name]) for name in numbers},
        }
    )
