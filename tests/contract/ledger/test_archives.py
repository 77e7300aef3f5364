"""A ledger is written to one file and restored into an empty one of either kind: every row, or nothing."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from billing_providers.errors import LedgerError
from billing_providers.ledger import archives
from billing_providers.ledger.ledger import Ledger
from tests.support.ledger_filled import fill, read_back
from tests.support.ledger_rows import OWN, all_rows, connected, tampered
from tests.support.ledger_values import NASTY, TENANT, journal_entry
from tests.support.postgres import fresh_schema


@pytest.fixture(params=["into sqlite", pytest.param("into postgres", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of another empty database."""
    if request.param == "into sqlite":
        yield f"sqlite:///{tmp_path / 'restored.sqlite'}"
    else:
        with fresh_schema() as schema:
            yield schema


@pytest.fixture
def archive(ledger: Ledger, tmp_path: Path) -> Path:
    """Return the archive of a ledger with rows in every table."""
    fill(ledger)
    ledger.archives.export(tmp_path / "ledger.zip")
    return tmp_path / "ledger.zip"


def rewritten(archive: Path, **files: Any) -> Path:
    """Return a copy of an archive in which some files say something else; None leaves one out."""
    copy = archive.with_name("copy.zip")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            change = files.get(name.partition(".")[0], lambda text: text)
            if change is not None:
                new.writestr(name, change(old.read(name).decode()))
    return copy


def tables_of(url: str) -> list[str]:
    with connected(url) as connection:
        return sqlalchemy.inspect(connection).get_table_names()


def test_the_example_has_rows_in_every_table(archive: Path, url: str) -> None:
    """What follows proves something about every table, also about one that is added."""
    rows = all_rows(url)

    assert {name for name, held in rows.items() if not held} == set()
    with connected(url) as connection:
        tables = {name for name in sqlalchemy.inspect(connection).get_table_names() if name.startswith("billing_")}
    assert tables == {*rows, *OWN}


def test_a_restored_ledger_has_every_row(archive: Path, url: str, ledger: Ledger, empty: str, tmp_path: Path) -> None:
    """From either kind of database into either: equal row by row, chains intact, and the same archive again."""
    with Ledger.at(empty) as restored:
        told = restored.archives.restore(archive)

        assert all_rows(empty) == all_rows(url)
        assert read_back(restored) == read_back(ledger)
        assert {tenant: restored.journal.verify(tenant) for tenant in told.heads} == {key: [] for key in told.heads}
        assert restored.archives.export(tmp_path / "again.zip").tables == told.tables
        assert told.heads[TENANT].seq == 8


def test_a_restored_ledger_is_another_one_and_goes_on(archive: Path, ledger: Ledger, empty: str) -> None:
    """A run that was opened in the original does not go on in a copy, which may lack its last rows."""
    with Ledger.at(empty) as restored:
        restored.archives.restore(archive)

        assert restored.ledger_id != ledger.ledger_id
        assert restored.migrate() == []
        restored.check_writable()
        restored.journal.append([journal_entry("after the restore")])
        assert restored.journal.verify(TENANT) == []
        with (
            pytest.raises(LedgerError, match=r"append-only|never changed"),
            restored._store.writing("x") as transaction,
        ):
            transaction.connection.exec_driver_sql("UPDATE billing_journal SET detail = 'x'")


def test_an_archive_is_for_its_owner_alone_and_never_written_over(archive: Path, ledger: Ledger) -> None:
    """It holds customers' names and prices; and the last backup is not lost to the next one."""
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    before = archive.read_bytes()

    with pytest.raises(LedgerError, match="is there already; nothing was written"):
        ledger.archives.export(archive)
    with pytest.raises(LedgerError, match=r"no/such/folder.*cannot be written: No such file"):
        ledger.archives.export(archive.parent / "no" / "such" / "folder" / "x.zip")

    assert archive.read_bytes() == before
    assert [path.name for path in archive.parent.glob("*.part")] == []


def test_an_archive_is_one_view_of_the_ledger(ledger: Ledger, url: str, tmp_path: Path, monkeypatch: Any) -> None:
    """What a run appends while the file is written is in it wholly or not at all."""
    fill(ledger)
    before, real = all_rows(url), archives.write_table

    def busy(archive: Any, name: str, *rest: Any) -> Any:
        told = real(archive, name, *rest)
        with Ledger.at(url) as other:
            other.journal.append([journal_entry(f"while {name} is written")])
        return told

    monkeypatch.setattr(archives, "write_table", busy)
    manifest = ledger.archives.export(tmp_path / "busy.zip")

    assert manifest.tables["billing_journal"].rows == len(before["billing_journal"])
    assert manifest.heads[TENANT].seq == 8
    assert len(all_rows(url)["billing_journal"]) > len(before["billing_journal"])


def test_a_ledger_with_rows_is_not_restored_into(archive: Path, url: str, ledger: Ledger, empty: str) -> None:
    """Two histories are never mixed; a ledger that was only migrated is empty."""
    before = all_rows(url)
    with pytest.raises(LedgerError, match=r"is not empty: billing_\w+ has rows.*nothing was written"):
        ledger.archives.restore(archive)
    assert all_rows(url) == before

    with Ledger.at(empty) as restored:
        restored.migrate()
        restored.archives.restore(archive)
    assert all_rows(empty) == before


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"billing_journal": lambda text: text.replace("ACME", "ACNE", 1)}, "billing_journal.jsonl is not what"),
        ({"billing_journal": lambda text: text[: text.rstrip().rindex("\n") + 1]}, r"7 rows|9 rows"),
        ({"billing_runs": lambda text: text + text.splitlines()[0] + "\n"}, "3 rows with digest"),
        ({"billing_runs": lambda text: text.replace("]\n", ',"more"]\n', 1)}, "line 1: no list of 19 cells"),
        ({"billing_runs": None}, "is no archive of a ledger, or is damaged"),
        ({"billing_runs": lambda text: "{"}, "is no archive of a ledger, or is damaged"),
        ({"manifest": None}, "is no archive of a ledger, or is damaged"),
        ({"manifest": lambda text: "[]"}, "is no archive of a ledger, or is damaged"),
        ({"manifest": lambda text: text.replace("ledger/1", "ledger/2")}, "format is 'billing-ledger/2'"),
        ({"manifest": lambda text: text.replace("0005_", "0005_other_")}, "migrations that this version does not know"),
        ({"manifest": lambda text: text.replace('"billing_runs"', '"billing_walks"')}, "billing_runs, billing_walks"),
        ({"manifest": lambda text: text.replace('"seq": 8', '"seq": 7')}, "broken|do not end where"),
    ],
)
def test_an_archive_that_is_not_what_it_says_is_refused(
    archive: Path, empty: str, files: dict[str, Any], told: str
) -> None:
    """A changed, cut, doubled or missing row is noticed, and nothing of the file is taken."""
    changed = rewritten(archive, **files)

    with Ledger.at(empty) as restored, pytest.raises(LedgerError, match=told):
        restored.archives.restore(changed)

    assert [name for name in tables_of(empty) if name.startswith("billing_")] == []
    with Ledger.at(empty) as restored:
        assert restored.archives.restore(archive).heads[TENANT].seq == 8


def test_a_broken_chain_is_neither_written_down_nor_restored(
    archive: Path, ledger: Ledger, url: str, empty: str, tmp_path: Path
) -> None:
    """A backup that could not be restored is told when it is made; forged rows with fitting digests are told later."""
    import hashlib

    forged: dict[str, str] = {}

    def change(text: str) -> str:
        forged["journal"] = text.replace('"12"', '"13"', 1)
        return forged["journal"]

    rewritten(archive, billing_journal=change)

    def fitting(text: str) -> str:
        told = json.loads(text)
        told["tables"]["billing_journal"]["sha256"] = hashlib.sha256(forged["journal"].encode()).hexdigest()
        return json.dumps(told)

    with (
        Ledger.at(empty) as restored,
        pytest.raises(LedgerError, match=r"the journal of .* is broken: row \d was changed"),
    ):
        restored.archives.restore(rewritten(archive, billing_journal=change, manifest=fitting))

    tampered(url, "UPDATE billing_journal SET quantity_after = '13' WHERE seq = 2")
    with pytest.raises(LedgerError, match=r"the journal of .* is broken: row 2 was changed"):
        ledger.archives.export(tmp_path / "broken.zip")
    assert not (tmp_path / "broken.zip").exists()


def test_no_file_and_no_tables_are_told(empty: str, tmp_path: Path) -> None:
    """A wrong path or an empty database is no ledger with nothing in it."""
    with Ledger.at(empty) as ledger:
        with pytest.raises(LedgerError, match="cannot be read: No such file"):
            ledger.archives.restore(tmp_path / "none.zip")
        with pytest.raises(LedgerError, match="has no tables; there is nothing to write"):
            ledger.archives.export(tmp_path / "nothing.zip")
        (tmp_path / "text.zip").write_text("no archive")
        with pytest.raises(LedgerError, match="is no archive of a ledger, or is damaged"):
            ledger.archives.restore(tmp_path / "text.zip")


def dies_in_restore(url: str, path: str, at: int) -> None:
    """Restore in a process that kills itself when it comes to the n-th table."""
    real, left = archives._fill, [at]

    def mortal(*given: Any) -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        real(*given)

    archives._fill = mortal
    with Ledger.at(url) as ledger:
        ledger.archives.restore(Path(path))


@pytest.mark.parametrize("at", [1, 20])
def test_a_restore_that_is_killed_leaves_nothing(archive: Path, url: str, empty: str, at: int) -> None:
    """All or nothing: after a kill at any table the database is as empty as before, and takes the archive."""
    process = multiprocessing.get_context("spawn").Process(target=dies_in_restore, args=(empty, str(archive), at))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL

    assert [name for name in tables_of(empty) if name.startswith("billing_")] == []
    with Ledger.at(empty) as restored:
        restored.archives.restore(archive)
    assert all_rows(empty) == all_rows(url)


def test_an_archive_holds_names_as_they_are(archive: Path) -> None:
    """Every line is plain JSON in ASCII, whatever customers are called."""
    with zipfile.ZipFile(archive) as opened:
        lines = opened.read("billing_diff_changes.jsonl").decode("ascii").splitlines()

    assert [json.loads(json.loads(line)[5])[0] for line in lines] == [NASTY, NASTY]
