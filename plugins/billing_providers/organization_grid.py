"""Writes a grid of organizations: ``python -m billing_providers.organization_grid INTEGRATION --psa autotask``.

Takes the organizations of the last complete usage snapshot in the ledger and the accounts of the PSA, prefills what
agrees exactly, and offers what may fit in columns that end with ``?``. It only reads: no ledger row and nothing in the
PSA is changed, and a file is never overwritten.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from billing_providers.engine.mapping import CUSTOMER_COLUMNS
from billing_providers.engine.mapping_csv import read_text
from billing_providers.engine.organization_grid import (
    Organization,
    OrganizationGrid,
    customer_code,
    is_grid,
    read_grid,
)
from billing_providers.engine.organization_suggestions import Proposal, Reported, organization_suggestions
from billing_providers.errors import BillingError, LedgerError, SettingsError
from billing_providers.registry import system

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger

_RUNS_MAX = 200


def main(arguments: Sequence[str] | None = None) -> int:
    """Write one grid; return 0, or 1 after a fault, which is told on the error stream."""
    options = _parser().parse_args(arguments)
    try:
        proposal = _proposal(options)
        _write(proposal.text(), options.output)
    except BillingError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    offered = sum(not found.exact for found in proposal.suggestions)
    without = sum(map(len, proposal.without.values()))
    sys.stderr.write(
        f"{len(proposal.suggestions) - offered} organizations prefilled, {offered} suggestions, "
        f"{without} organizations fit no account\n"
    )
    return 0


def _proposal(options: argparse.Namespace) -> Proposal:
    from billing_providers.ledger.connect import open_ledger

    grid = _known(options.grid)
    psa = system(options.psa, "psa")
    with open_ledger(options.ledger_conn_id) as ledger:
        snapshot_id = options.snapshot or _latest(ledger, options.integration)
        organizations = _reported(ledger, snapshot_id)
    hook = psa.hook_class()(options.psa_conn_id or psa.default_conn_id)
    accounts = hook.read_directory(contract_type=options.contract_type).accounts
    return organization_suggestions(grid, organizations, accounts)


def _known(path: str) -> OrganizationGrid:
    if not path:
        return OrganizationGrid("new grid", (), ())
    text = read_text(path)
    if not is_grid(text, CUSTOMER_COLUMNS, path):
        raise SettingsError("is no grid of organizations", where=path, allowed="account_code or account_id first")
    return read_grid(text, Path(path).name)


def _latest(ledger: Ledger, integration: str) -> str:
    """Return the id of the complete snapshot of the latest run that has one.

    :raises LedgerError: when the integration never read its source completely.
    """
    periods = dict.fromkeys(run.period_start for run in ledger.runs.history(integration, _RUNS_MAX))
    found = next(filter(None, (ledger.snapshots.latest_of_period(integration, start) for start in periods)), "")
    if not found:
        raise LedgerError(
            f"the ledger ({ledger.place}) holds no complete usage snapshot of {integration}; run it once, as a dry run"
        )
    return found


def _reported(ledger: Ledger, snapshot_id: str) -> Mapping[str, Sequence[Reported]]:
    """Return the organizations of a snapshot by module, each once, in the source's order."""
    _, records = ledger.snapshots.load(snapshot_id)
    columns = (records[name] for name in ("customer_code", "customer_name", "billing_identifier", "sku"))
    found: dict[str, dict[str, Reported]] = {}
    for module, code, name, identifier in _organizations(zip(*columns, strict=True)):
        entry = found.setdefault(module, {}).setdefault(code, Reported(_organization(code, name), identifier))
        if not entry.account_id and identifier:
            found[module][code] = replace(entry, account_id=identifier)
    return {module: list(entries.values()) for module, entries in found.items()}


def _organizations(rows: Iterator[tuple[str, ...]]) -> Iterator[tuple[str, str, str, str]]:
    """Yield module, organization's code, name and account id; the module is what stands before `` - `` in the SKU.

    Customers whose code does not start with their module are not of a source that a grid can map.
    """
    for code, name, identifier, sku in dict.fromkeys(rows):
        module = sku.partition(" - ")[0]
        prefix = customer_code(module, "")
        if module and code.startswith(prefix):
            yield module, code.removeprefix(prefix).strip(), name.strip(), identifier.strip()


def _organization(code: str, name: str) -> Organization:
    return Organization(name) if code == name or not name else Organization(name, code)


def _write(text: str, path: str) -> None:
    if not path:
        sys.stdout.write(text)
        return
    try:
        with Path(path).open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        raise SettingsError(f"cannot be written: {error.strerror}", where=path, allowed="a new file") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m billing_providers.organization_grid",
        description="Write a grid that maps the organizations of several modules to accounts of the PSA. Only reads.",
    )
    parser.add_argument("integration", help="name of the integration, e.g. kaseya_modules_to_autotask")
    parser.add_argument("--psa", required=True, help="the PSA, e.g. autotask")
    parser.add_argument("--psa-conn-id", default="", help="Airflow connection of the PSA; empty: its default")
    parser.add_argument("--contract-type", default="", help="contract type of the policy, where the PSA needs it")
    parser.add_argument("--ledger-conn-id", default="billing_ledger", help="Airflow connection of the ledger")
    parser.add_argument("--snapshot", default="", help="usage snapshot; empty: the last complete one")
    parser.add_argument("--grid", metavar="FILE", default="", help="the grid in use: its rows are kept")
    parser.add_argument("--output", metavar="FILE", default="", help="a new file; empty: the grid is printed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
