"""The SQL files keep their own rules, and say the same as the Python beside them."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import pytest

from billing_providers import resources
from billing_providers.errors import LedgerError
from billing_providers.ledger.billing_items import ITEMS, TOTALS
from billing_providers.ledger.charges import _LINES, _OUTCOMES
from billing_providers.ledger.diffs import _LINES as _SEEN
from billing_providers.ledger.diffs import _PARTS
from billing_providers.ledger.retention import Content
from billing_providers.ledger.snapshots import USAGE
from billing_providers.ledger.statements import DIALECTS, MIGRATION_NAME, migrations, queries
from billing_providers.model.billing_dataset import ItemState, TotalBy
from billing_providers.model.changes import ChangeKind
from billing_providers.model.findings import Level, Scope
from billing_providers.model.gate import GateState
from billing_providers.model.journal import JournalState
from billing_providers.model.mapping_decisions import MappedKind, MappingDecision
from billing_providers.model.mapping_states import MappingStanding
from billing_providers.model.run_totals import RunTotalBy
from billing_providers.model.runs import RunResult
from billing_providers.model.usage import UsageKind
from billing_providers.resources import include_dir

ENUMS: dict[tuple[str, str], type[StrEnum]] = {
    ("billing_usage_records", "kind"): UsageKind,
    ("billing_diff_changes", "kind"): ChangeKind,
    ("billing_diff_findings", "level"): Level,
    ("billing_diff_findings", "scope"): Scope,
    ("billing_findings", "level"): Level,
    ("billing_findings", "scope"): Scope,
    ("billing_journal", "state"): JournalState,
    ("billing_runs", "result"): RunResult,
    ("billing_items_of_runs", "state"): ItemState,
    ("billing_item_totals", "state"): ItemState,
    ("billing_item_totals", "grouped_by"): TotalBy,
    ("billing_gate_customers", "state"): GateState,
    ("billing_run_totals", "grouped_by"): RunTotalBy,
    ("billing_mapping_states", "kind"): MappedKind,
    ("billing_mapping_states", "state"): MappingStanding,
    ("billing_mapping_decisions", "kind"): MappedKind,
    ("billing_mapping_decisions", "decision"): MappingDecision,
    ("billing_thinned", "kind"): Content,
}


def test_dialects_offer_the_same_queries() -> None:
    """Code asks for a query by name and never for a database."""
    assert set(queries("sqlite")) == set(queries("postgres"))
    assert [step.name for step in migrations("sqlite")] == [step.name for step in migrations("postgres")]


def test_every_query_is_named_and_documented() -> None:
    """No statement escapes the parser: as many names as statements, each with a line that ends as a sentence."""
    for path in sorted((include_dir() / "sql" / "queries").rglob("*.sql")):
        text = path.read_text(encoding="utf-8")
        heads = re.findall(r"^-- name: (\w+)\n-- [A-Z].+\.\n[A-Z]", text, re.MULTILINE)
        assert len(heads) == text.count("-- name:") == len(re.findall(r";$", text, re.MULTILINE)), path.name
        assert set(heads) <= set(queries("sqlite")), path.name


def test_every_query_is_used() -> None:
    """A query that nothing runs is dead code."""
    package = include_dir().parent / "plugins" / "billing_providers" / "ledger"
    code = "".join(path.read_text(encoding="utf-8") for path in package.glob("*.py"))
    built = {f"diff_{part}_{verb}" for part in _PARTS for verb in ("read", "write")}

    assert {name for name in queries("sqlite") if f'"{name}"' not in code} == built


def test_migration_files_are_named_by_the_grammar() -> None:
    """``NNNN_words.sql``; a migration is in both dialect folders or in neither."""
    folder = include_dir() / "sql" / "migrations"
    assert [path.name for path in folder.rglob("*.sql") if not MIGRATION_NAME.fullmatch(path.name)] == []
    assert {path.name for path in (folder / "sqlite").iterdir()} == {
        path.name for path in (folder / "postgres").iterdir()
    }


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("usage_records_write", {"snapshot_id", "row_no", *USAGE.names}),
        ("charge_lines_write", {"charge_set_id", *_LINES.names}),
        ("row_outcomes_write", {"charge_set_id", "row_no", *_OUTCOMES.names}),
        ("billing_items_write", {"row_no", *ITEMS.names}),
        ("billing_item_totals_write", {"run_key", "row_no", *TOTALS.names}),
        ("diff_lines_write", {"digest", "row_no", *_SEEN.names}),
        *((f"diff_{part}_write", {"digest", "row_no", *codec.names}) for part, codec in _PARTS.items()),
    ],
)
def test_bulk_statements_write_every_field(dialect: str, name: str, columns: set[str]) -> None:
    """A field that is added to the model is stored on both databases, or this test names the statement to edit."""
    query = queries(dialect)[name]

    assert set(query.columns) == columns
    assert dialect == "postgres" or query.sql.count("?") == len(columns)


def test_enums_and_checks_hold_the_same_values() -> None:
    """A value that is added to an enum needs a migration that lets the database take it."""
    text = "\n".join(statement for step in migrations("sqlite") for statement in step.statements)
    found = {}
    for table, body in re.findall(r"CREATE TABLE (\w+) \((.*?)\n\)(?=\n|\Z)", text, re.DOTALL):
        for column, values in re.findall(r"CHECK \(\s*(\w+) IN \(([^)]*)\)", body):
            if "'" in values:
                found[table, column] = set(re.findall(r"'([^']*)'", values))

    assert found.pop(("billing_approvals", "decision")) == {"approved", "rejected", "not_needed"}
    assert found == {key: {member.value for member in kind} for key, kind in ENUMS.items()}


def test_missing_sql_files_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A package without its SQL says where it looked, instead of failing at the first statement."""
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "plugins" / "billing_providers")

    with pytest.raises(LedgerError, match=r"SQL files are missing; looked at .*_include.* and .*include"):
        resources.include_dir()


def test_installed_package_carries_its_own_sql(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the wheel carries beside the code wins over an ``include`` folder that happens to be near."""
    package = tmp_path / "plugins" / "billing_providers"
    for folder in (package / "_include" / "sql", tmp_path / "include" / "sql"):
        folder.mkdir(parents=True)
    monkeypatch.setattr(resources, "_PACKAGE", package)

    assert resources.include_dir() == package / "_include"


def test_what_no_dialect_shares_is_stated_once() -> None:
    """Tables are made by migrations that both databases share; the dialect folders hold triggers only."""
    for dialect in DIALECTS:
        folder = include_dir() / "sql" / "migrations" / dialect
        texts = [path.read_text(encoding="utf-8") for path in folder.iterdir()]
        assert all("CREATE TRIGGER" in text and "CREATE TABLE" not in text for text in texts)
