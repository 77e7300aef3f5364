"""The command that writes a grid of organizations, on a real ledger and a simulated PSA: it only reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from billing_providers.engine.mapping import load_customer_map_file
from billing_providers.ledger.ledger import Ledger
from billing_providers.model.usage import UsageRecord
from billing_providers.organization_grid import main
from billing_providers.sandbox.server import SandboxServer
from tests.support.chosen_ledger import chosen_ledger
from tests.support.connections import set_connection
from tests.support.ledger_rows import all_rows
from tests.support.ledger_values import run_record, snapshot, usage_record

INTEGRATION = "kaseya_modules_to_autotask"
Command = Callable[..., int]


def record(module: str, code: str, name: str, identifier: str = "", **changes: str) -> UsageRecord:
    number = f"{module}/{code}/{changes}"
    sku = f"{module} - Users"
    values = {"customer_code": f"{module}: {code}", "customer_name": name, "billing_identifier": identifier, "sku": sku}
    return usage_record(record_id=number, position=number, **{**values, **changes})


@pytest.fixture
def names(box: SandboxServer) -> list[tuple[str, str]]:
    """Id and name of three active accounts of the simulated PSA, each name once."""
    world = box.control.world()
    accounts = [account for account in world["accounts"] if account["active"]]
    known = [account["name"] for account in accounts]
    return [(str(a["account_id"]), a["name"]) for a in accounts if known.count(a["name"]) == 1][:3]


@pytest.fixture
def command(
    box: SandboxServer, names: list[tuple[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Return the command on a ledger with one snapshot of two modules."""
    records = [
        record("Datto RMM", "s1", names[0][1]),
        record("Datto RMM", "s1", names[0][1], sku="Datto RMM - Servers"),
        record("Datto RMM", "s2", "Some other name", names[1][0]),
        record("SaaS Protection", names[0][1], names[0][1]),
        record("SaaS Protection", names[2][1].upper(), names[2][1].upper()),
        usage_record(record_id="of no module", customer_code="ASP", sku="MS365"),
    ]
    with Ledger.at(chosen_ledger(tmp_path)) as opened:
        opened.migrate()
        opened.snapshots.save(snapshot(integration=INTEGRATION, record_count=len(records)), records)
        opened.runs.start(run_record(integration=INTEGRATION))
    monkeypatch.setenv("AIRFLOW_CONN_GRID_LEDGER", chosen_ledger(tmp_path))
    set_connection(monkeypatch, "grid_psa", **box.connections()["kaseya_bms_default"])

    def run(*arguments: str, integration: str = INTEGRATION) -> int:
        fixed = ["--psa", "kaseya_bms", "--psa-conn-id", "grid_psa", "--ledger-conn-id", "grid_ledger"]
        return main([integration, *fixed, *arguments])

    return run


def test_a_grid_is_written_prefilled_and_can_be_used(
    command: Command, names: list[tuple[str, str]], tmp_path: Path, box: SandboxServer
) -> None:
    """Exact agreement by name or id is filled in, what is near stands beside it; nothing is changed anywhere."""
    path, before = tmp_path / "organizations.csv", all_rows(chosen_ledger(tmp_path))

    assert command("--output", str(path)) == 0

    rows = {row["account_id"]: row for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))}
    assert rows[names[0][0]]["Datto RMM"] == f"{names[0][1]} <s1>"
    assert rows[names[0][0]]["SaaS Protection"] == names[0][1]
    assert rows[names[1][0]]["Datto RMM"] == "Some other name <s2>"
    assert rows[names[2][0]]["SaaS Protection"] == ""
    assert rows[names[2][0]]["SaaS Protection?"] == (
        f"{names[2][1].upper()} (99: differs by case, blanks or legal form)"
    )
    assert set(load_customer_map_file(str(path)).entries) == {
        "Datto RMM: s1",
        "Datto RMM: s2",
        f"SaaS Protection: {names[0][1]}",
    }
    assert all_rows(chosen_ledger(tmp_path)) == before
    assert box.control.audit() == []


def test_a_grid_in_use_is_continued_and_never_overwritten(
    command: Command, names: list[tuple[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a person mapped stays; the new grid goes to a new file."""
    path = tmp_path / "organizations.csv"
    path.write_text(f"account_id,SaaS Protection\n{names[1][0]},{names[0][1]}\n", encoding="utf-8")

    assert command("--grid", str(path)) == 0
    rows = {row["account_id"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert rows[names[1][0]]["SaaS Protection"] == names[0][1]
    assert rows[names[0][0]]["SaaS Protection"] == ""

    assert command("--grid", str(path), "--output", str(path)) == 1
    assert "cannot be written: File exists" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8").startswith("account_id,SaaS Protection\n")


@pytest.mark.parametrize(
    ("arguments", "integration", "says"),
    [
        ((), "never_run", "holds no complete usage snapshot of never_run; run it once, as a dry run"),
        (("--snapshot", "f" * 32), INTEGRATION, f"holds no usage snapshot {'f' * 32}"),
        (("--grid", "customers.csv"), INTEGRATION, "customers.csv: is no grid of organizations"),
    ],
)
def test_what_is_missing_is_told(
    arguments: tuple[str, ...],
    integration: str,
    says: str,
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line on the error stream, and nothing written."""
    monkeypatch.chdir(tmp_path)
    Path("customers.csv").write_text("customer_code,account_code\nA,B\n", encoding="utf-8")

    assert command(*arguments, integration=integration) == 1
    told = capsys.readouterr()
    assert (told.out, says in told.err) == ("", True)
