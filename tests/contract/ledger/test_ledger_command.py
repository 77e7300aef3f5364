"""``python -m billing_providers.ledger``: what a person sees and what the exit code says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from billing_providers.ledger.__main__ import main
from billing_providers.ledger.chain import COVERED
from billing_providers.ledger.ledger import Ledger
from tests.support.ledger_filled import MUCH_LATER, fill, read_back
from tests.support.ledger_rows import all_rows, connected, tampered
from tests.support.ledger_values import NOON, TENANT, journal_entry

OTHER = "bms:other"
Captured = pytest.CaptureFixture[str]


def chain(ledger: Ledger, rows: int = 4) -> None:
    """A chain of four rows that differ in every column, and one of another tenant."""
    ledger.journal.append(
        [journal_entry(f"change-{number}", line_id=f"line-{number}") for number in range(1, rows + 1)]
    )
    ledger.journal.append([journal_entry(tenant=OTHER)])


def verified(url: str, capsys: Captured, *options: str) -> tuple[int, list[str]]:
    """Run verify; return the exit code and what it said, but for the intact other tenant."""
    code = main(["verify", "--ledger", url, *options])
    said = capsys.readouterr()
    assert said.err == ""
    return code, [line for line in said.out.splitlines() if not line.startswith(f"{OTHER}: intact, 1 rows")]


def test_an_intact_journal_is_told_with_its_ends(ledger: Ledger, url: str, capsys: Captured) -> None:
    """Each tenant's number of rows and last hash: what one notes elsewhere."""
    chain(ledger)
    head = ledger.journal.heads()[TENANT]

    assert verified(url, capsys) == (0, [f"{TENANT}: intact, 4 rows, ends with {head.hash}"])


def test_a_ledger_without_a_journal_is_intact(ledger: Ledger, url: str, capsys: Captured) -> None:
    """Nothing was written yet, and nothing can be missing."""
    assert main(["verify", "--ledger", url]) == 0
    assert capsys.readouterr().out == f"the ledger ({ledger.place}) has no journal yet\n"


@pytest.mark.parametrize("column", [*COVERED, "prev_hash", "hash"])
def test_every_column_of_a_row_is_covered(ledger: Ledger, url: str, capsys: Captured, column: str) -> None:
    """Whatever is changed in a row behind the product's back, the first broken row is named and the exit code is 1."""
    chain(ledger)
    changed = {
        "tenant": "'moved'",
        "seq": "17",
        "state": "'failed'",
        "quantity_before": "NULL",
        "observed": "'12'",
    }.get(
        column,
        f"{column} || 'x'"
        if column not in {"prev_hash", "hash"}
        else f"REPLACE({column}, SUBSTR({column}, 1, 1), 'z')",
    )

    tampered(url, f"UPDATE billing_journal SET {column} = {changed} WHERE tenant = '{TENANT}' AND seq = 2")

    code, said = verified(url, capsys)
    assert (code, said[0]) == (1, f"{TENANT}: BROKEN")
    assert f"{said[1]} ".count(" 2 ") == 1
    if column == "tenant":
        assert "moved: BROKEN" in said


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (["DELETE FROM billing_journal WHERE tenant = :t AND seq = 2"], ["row 2 is missing"]),
        (["DELETE FROM billing_journal WHERE tenant = :t AND seq = 1"], ["row 1 is missing"]),
        (
            ["DELETE FROM billing_journal WHERE tenant = :t AND seq = 4"],
            ["the chain does not end where its head says, at row 4"],
        ),
        (
            [
                "UPDATE billing_journal SET seq = 99 WHERE tenant = :t AND seq = 2",
                "UPDATE billing_journal SET seq = 2 WHERE tenant = :t AND seq = 3",
                "UPDATE billing_journal SET seq = 3 WHERE tenant = :t AND seq = 99",
            ],
            ["row 2 does not follow row 1", "row 2 was changed", "row 3 does not follow row 2", "row 3 was changed"],
        ),
        (
            ["DELETE FROM billing_journal_heads WHERE tenant = :t"],
            ["there are rows, and nothing says where the chain ends"],
        ),
        (
            ["UPDATE billing_journal_heads SET seq = 3 WHERE tenant = :t"],
            ["the chain does not end where its head says, at row 3"],
        ),
        (
            [
                "INSERT INTO billing_journal SELECT tenant, 5, integration, period_start, run_key, digest, change_id, "
                "line_id, contract_id, customer_codes, skus, state, at, quantity_before, quantity_after, observed, "
                "request_id, detail, hash, hash FROM billing_journal WHERE tenant = :t AND seq = 4"
            ],
            ["row 5 was changed"],
        ),
    ],
)
def test_rows_that_are_removed_moved_or_added_are_told(
    ledger: Ledger, url: str, capsys: Captured, statements: list[str], told: list[str]
) -> None:
    """The exit code is 1, and words say which row; the other tenant's chain is intact all the same."""
    chain(ledger)

    tampered(url, *(statement.replace(":t", f"'{TENANT}'") for statement in statements))

    code, said = verified(url, capsys)
    assert code == 1
    assert said[0] == f"{TENANT}: BROKEN"
    assert [line.strip() for line in said[1:]][: len(told)] == told


def cut_off(url: str, hash_of_row_2: str) -> None:
    """Take the last rows off a chain, and move its head along: the chain that is left is a good one."""
    tampered(
        url,
        f"DELETE FROM billing_journal WHERE tenant = '{TENANT}' AND seq > 2",
        f"UPDATE billing_journal_heads SET seq = 2, hash = '{hash_of_row_2}' WHERE tenant = '{TENANT}'",
    )


def hash_of(url: str, seq: int) -> str:
    with connected(url) as connection:
        found = connection.exec_driver_sql(
            f"SELECT hash FROM billing_journal WHERE tenant = '{TENANT}' AND seq = {seq}"
        )
        return str(found.scalar_one())


def test_an_end_that_was_noted_elsewhere_shows_what_a_chain_alone_cannot(
    ledger: Ledger, url: str, capsys: Captured, tmp_path: Path
) -> None:
    """Rows taken off the end together with the head leave a good chain; its noted end is what is missing then."""
    chain(ledger)
    note, archive = str(tmp_path / "ends.json"), str(tmp_path / "ledger.zip")
    assert verified(url, capsys, "--note", note)[0] == 0
    assert main(["export", "--ledger", url, archive]) == 0
    capsys.readouterr()
    ledger.journal.append([journal_entry("later")])
    assert verified(url, capsys, "--noted", note)[0] == verified(url, capsys, "--noted", archive)[0] == 0

    cut_off(url, hash_of(url, 2))

    assert verified(url, capsys)[0] == 0  # the honest limit of a chain
    for noted in (note, archive):
        code, said = verified(url, capsys, "--noted", noted)
        assert code == 1
        assert said == [f"{TENANT}: BROKEN", "  the chain ends with row 2, and had 4 rows when its end was noted"]


def test_a_chain_that_was_written_anew_is_not_the_noted_one(
    ledger: Ledger, url: str, capsys: Captured, tmp_path: Path
) -> None:
    """As many rows, good links, another content: only the noted hash tells them apart."""
    chain(ledger)
    note = tmp_path / "ends.json"
    verified(url, capsys, "--note", str(note))
    cut_off(url, hash_of(url, 2))
    ledger.journal.append([journal_entry("forged"), journal_entry("forged too")])
    noted_before = note.read_text()

    code, said = verified(url, capsys, "--noted", str(note), "--note", str(note))

    assert (code, said[1]) == (1, "  row 4 is not the one that was noted as the chain's end")
    assert note.read_text() == noted_before  # a broken chain's end is not noted


def test_a_tenant_whose_whole_chain_is_gone_is_missed(
    ledger: Ledger, url: str, capsys: Captured, tmp_path: Path
) -> None:
    """Rows and head of a tenant removed: what was noted says that there was one."""
    chain(ledger)
    note = str(tmp_path / "ends.json")
    verified(url, capsys, "--note", note)

    tampered(
        url,
        f"DELETE FROM billing_journal WHERE tenant = '{TENANT}'",
        f"DELETE FROM billing_journal_heads WHERE tenant = '{TENANT}'",
    )

    assert verified(url, capsys)[0] == 0
    assert verified(url, capsys, "--noted", note)[1] == [
        f"{TENANT}: BROKEN",
        "  the chain ends with row 0, and had 4 rows when its end was noted",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "holds no ends"),
        ("[]", "holds no ends"),
        ('{"t": {"seq": "1", "hash": 1}}', "holds no ends"),
        (None, "cannot be read"),
    ],
)
def test_a_note_that_is_none_is_refused(
    ledger: Ledger, url: str, capsys: Captured, tmp_path: Path, text: str | None, told: str
) -> None:
    """A file that says nothing is not taken for a chain without an end."""
    note = tmp_path / "ends.json"
    if text is not None:
        note.write_text(text)

    assert main(["verify", "--ledger", url, "--noted", str(note)]) == 1
    assert told in capsys.readouterr().err


def test_export_and_restore_tell_what_they_moved(url: str, ledger: Ledger, capsys: Captured, tmp_path: Path) -> None:
    """From one ledger into a new one, by two commands."""
    fill(ledger)
    archive, target = str(tmp_path / "ledger.zip"), f"sqlite:///{tmp_path}/moved.sqlite"

    assert main(["export", "--ledger", url, archive]) == 0
    rows = sum(map(len, all_rows(url).values()))
    assert f"ledger.zip: {rows} rows of 36 tables, 0.0 MiB\n" in capsys.readouterr().out
    assert main(["restore", "--ledger", target, archive]) == 0
    assert f"moved.sqlite: {rows} rows of 36 tables, as of 20" in capsys.readouterr().out
    with Ledger.at(target) as moved:
        assert read_back(moved) == read_back(ledger)
    assert main(["restore", "--ledger", target, archive]) == 1
    assert "is not empty" in capsys.readouterr().err


def test_old_readings_are_thinned_when_it_is_said_for_how_long_they_stay(
    url: str, ledger: Ledger, capsys: Captured
) -> None:
    """Nothing is removed without a number of days; a dry run only tells."""
    assert MUCH_LATER > NOON
    fill(ledger, thinned=False)
    before = all_rows(url)

    assert main(["retain", "--ledger", url]) == 1
    assert "nothing says how long readings are kept; allowed: a number of days" in capsys.readouterr().err
    assert main(["retain", "--ledger", url, "--days", "1", "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1 readings of closed periods would be thinned",
        "  atria_to_kaseya_bms, period from 2026-10-01: 1",
    ]
    assert all_rows(url) == before

    assert main(["retain", "--ledger", url, "--days", "1"]) == 0
    assert capsys.readouterr().out.startswith("1 readings were thinned, 6 rows removed\n")
    assert main(["retain", "--ledger", url, "--days", "1"]) == 0
    assert capsys.readouterr().out == "0 readings were thinned, 0 rows removed\n"


def test_size_tells_rows_and_bytes_of_each_table(url: str, ledger: Ledger, capsys: Captured) -> None:
    """What grows is seen before a disk is full."""
    fill(ledger)

    assert main(["size", "--ledger", url]) == 0
    said = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())

    assert said["billing_journal"].split()[:2] == ["10", "rows"]
    assert int(said["billing_journal"].split()[2].replace(",", "")) >= 4096
    assert len(said) == 40


@pytest.mark.parametrize("days", ["0", "-1", "x", "1.5", "36501", "٣", "9" * 5000])
def test_days_are_whole_and_positive(capsys: Captured, days: str) -> None:
    """A slip of the finger does not thin what was read today."""
    with pytest.raises(SystemExit, match="2"):
        main(["retain", f"--days={days}"])
    assert "is no number of days from 1 to 36500" in capsys.readouterr().err


def test_the_command_runs_by_its_name_with_an_airflow_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an operator types it: the connection's id, words on the error stream, exit code 1."""
    monkeypatch.setenv("AIRFLOW_CONN_CARE", json.dumps({"conn_type": "sqlite", "host": f"{tmp_path}/no/folder.sqlite"}))
    command = [sys.executable, "-m", "billing_providers.ledger", "verify", "--ledger", "care"]
    monkeypatch.setenv("PYTHONPATH", "plugins")

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert (
        f"the ledger ({tmp_path}/no/folder.sqlite) cannot read the journal: unable to open database file" in done.stderr
    )
    assert "Traceback" not in done.stderr
