"""Care of a ledger: ``python -m billing_providers.ledger verify|export|restore|retain|size``.

``--ledger`` is the id of an Airflow connection, by default ``billing_ledger``, or a database URL. The exit code is 0;
1 when something is wrong, which is told in words.
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from billing_providers.errors import BillingError, LedgerError, SettingsError
from billing_providers.ledger.archive_format import opened_archive
from billing_providers.ledger.chain import ChainHead
from billing_providers.ledger.connect import DAYS_MAX, DEFAULT_CONN_ID, KEEP_READINGS, open_ledger

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger

_MIB = 1024 * 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 1 after a fault, which is told on the error stream."""
    options = _parser().parse_args(arguments)
    work: Callable[[Ledger, argparse.Namespace], int] = options.work
    try:
        with _opened(options.ledger) as ledger:
            return work(ledger, options)
    except BillingError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _opened(named: str) -> Ledger:
    from billing_providers.ledger.ledger import Ledger

    return Ledger.at(named) if "://" in named else open_ledger(named)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _verify(ledger: Ledger, options: argparse.Namespace) -> int:
    """Check the chain of each tenant; with what was noted before, also that nothing was taken off its end."""
    noted = _noted(options.noted) if options.noted else {}
    heads, broken = ledger.journal.heads(), 0
    for tenant in sorted(heads.keys() | noted.keys()):
        faults = ledger.journal.verify(tenant, noted.get(tenant))
        broken += bool(faults)
        if faults:
            _say(f"{tenant}: BROKEN")
            for fault in faults:
                _say(f"  {fault}")
        else:
            head = heads[tenant]
            _say(f"{tenant}: intact, {head.seq} rows, ends with {head.hash}")
    if not heads and not noted:
        _say(f"the ledger ({ledger.place}) has no journal yet")
    if options.note and not broken:
        text = json.dumps({tenant: asdict(head) for tenant, head in heads.items()}, indent=1)
        try:
            Path(options.note).write_text(f"{text}\n", encoding="utf-8")
        except OSError as error:
            raise LedgerError(f"{options.note} cannot be written: {error.strerror}") from None
    return 1 if broken else 0


def _noted(name: str) -> Mapping[str, ChainHead]:
    """Return the ends of chains that were noted in a file, or in the manifest of an archive."""
    path = Path(name)
    if zipfile.is_zipfile(path):
        with opened_archive(path) as (_, manifest):
            return manifest.heads
    try:
        noted = {tenant: ChainHead(**head) for tenant, head in json.loads(path.read_text(encoding="utf-8")).items()}
        if not all(isinstance(one.seq, int) and isinstance(one.hash, str) for one in noted.values()):
            raise ValueError("seq or hash is missing")
    except OSError as error:
        raise LedgerError(f"{name} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, AttributeError):
        allowed = "what verify --note wrote, or an archive"
        raise SettingsError("holds no ends of chains", where=name, allowed=allowed) from None
    return noted


def _export(ledger: Ledger, options: argparse.Namespace) -> int:
    manifest = ledger.archives.export(Path(options.file))
    size = Path(options.file).stat().st_size / _MIB
    _say(f"{options.file}: {manifest.rows} rows of {len(manifest.tables)} tables, {size:.1f} MiB")
    return 0


def _restore(ledger: Ledger, options: argparse.Namespace) -> int:
    manifest = ledger.archives.restore(Path(options.file))
    _say(f"{ledger.place}: {manifest.rows} rows of {len(manifest.tables)} tables, as of {manifest.made_at[:16]} UTC")
    return 0


def _retain(ledger: Ledger, options: argparse.Namespace) -> int:
    days = options.days if options.days is not None else ledger.keep_readings_days
    if days is None:
        raise SettingsError(
            "nothing says how long readings are kept",
            where=options.ledger,
            key=f"extra {KEEP_READINGS}",
            allowed="a number of days there, or as --days",
        )
    ledger.migrate()
    now = datetime.now(UTC)
    if options.dry_run:
        found = ledger.retention.due(now, days)
        _say(f"{len(found)} readings of closed periods would be thinned")
    else:
        found = ledger.retention.thin(now, days)
        _say(f"{len(found)} readings were thinned, {sum(reading.removed for reading in found)} rows removed")
    for integration, period in sorted({(reading.integration, reading.period_start) for reading in found}):
        count = sum((one.integration, one.period_start) == (integration, period) for one in found)
        _say(f"  {integration}, period from {period}: {count}")
    return 0


def _size(ledger: Ledger, options: argparse.Namespace) -> int:
    tables = ledger.sizes.tables()
    for table in tables:
        taken = "unknown" if table.bytes is None else f"{table.bytes:,}"
        _say(f"{table.name:<28} {table.rows:>12,} rows {taken:>16} bytes")
    total = sum(table.bytes or 0 for table in tables)
    _say(f"{'all':<28} {sum(table.rows for table in tables):>12,} rows {total:>16,} bytes")
    return 0


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= DAYS_MAX):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 1 to {DAYS_MAX}")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        "--ledger",
        default=DEFAULT_CONN_ID,
        help="id of an Airflow connection, or a database URL (a password in it can be seen by others on this machine)",
    )
    parser = argparse.ArgumentParser(prog="python -m billing_providers.ledger", description="Care of a billing ledger.")
    commands = parser.add_subparsers(required=True, metavar="verify|export|restore|retain|size")

    def command(name: str, work: Callable[[Ledger, argparse.Namespace], int], words: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, parents=[where], help=words, description=words)
        added.set_defaults(work=work)
        return added

    verify = command("verify", _verify, "Check the hash chain of the journal of every tenant.")
    verify.add_argument("--note", metavar="FILE", help="write where each chain ends, to be kept somewhere else")
    verify.add_argument(
        "--noted", metavar="FILE", help="such a file, or an archive: its ends must still be in the chains"
    )
    export = command("export", _export, "Write the whole ledger into a new file.")
    export.add_argument("file", help="the archive, a zip; must not be there")
    restore = command("restore", _restore, "Fill an empty ledger from an archive.")
    restore.add_argument("file", help="the archive")
    retain = command("retain", _retain, "Thin what was read inside periods that are closed.")
    retain.add_argument("--days", type=_days, help=f"instead of the connection's extra {KEEP_READINGS}")
    retain.add_argument("--dry-run", action="store_true", help="only tell what would be thinned")
    command("size", _size, "Print rows and bytes of each table.")
    return parser


if __name__ == "__main__":
    sys.exit(main())
