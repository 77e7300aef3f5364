"""Prints who may be billed: ``python -m billing_providers.billing_gate INTEGRATION PERIOD``.

Tells where every customer of a period stands, out of the ledger. It only reads. Ends with 0 when every customer is
ready, 3 when somebody is not, and 1 after a fault.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from billing_providers.errors import BillingError, LedgerError, SettingsError
from billing_providers.model.gate import BillingGate, CustomerGate, GateState

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger

NOT_READY = 3
_RUNS_MAX = 500


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one gate; return 0, 3 when somebody is not ready, or 1 after a fault, which is told on the error stream."""
    options = _parser().parse_args(arguments)
    try:
        gate = _gate(options)
    except BillingError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("".join(f"{line}\n" for line in _lines(gate, everybody=options.all)))
    return 0 if gate.ready else NOT_READY


def _gate(options: argparse.Namespace) -> BillingGate:
    from billing_providers.ledger.connect import open_ledger
    from billing_providers.steps.billing_gate import billing_gate

    with open_ledger(options.ledger_conn_id) as ledger:
        return billing_gate(ledger, options.integration, _period_start(ledger, options.integration, options.period))


def _period_start(ledger: Ledger, integration: str, told: str) -> date:
    """Return the first day of the period that holds a day, as the runs of the integration tell it.

    :raises SettingsError: for a text that is no day. :raises LedgerError: when no run was about that day.
    """
    try:
        day = date.fromisoformat(told)
    except ValueError:
        raise SettingsError("is no day", where="command line", key="period", value=told, allowed="YYYY-MM-DD") from None
    runs = ledger.runs.history(integration, _RUNS_MAX)
    found = next((run.period_start for run in runs if run.period_start <= day < run.period_end), None)
    if found is None:
        raise LedgerError(f"the ledger ({ledger.place}) holds no run of {integration} for a period with the day {day}")
    return found


def _lines(gate: BillingGate, *, everybody: bool) -> Iterable[str]:
    counts = ", ".join(f"{count} {state}" for state, count in gate.counts.items())
    yield f"{gate.integration}, period from {gate.period_start}: {'ready' if gate.ready else 'NOT READY'} ({counts})"
    if gate.why:
        yield gate.why
    for one in gate.not_ready:
        yield f"{one.state.value:6}  {one.customer_code}  {one.customer_name}: {one.why}{_tried(one)}"
    for one in gate.customers if everybody else ():
        if one.state is GateState.READY:
            yield f"{one.state.value:6}  {one.customer_code}  {one.customer_name}"


def _tried(one: CustomerGate) -> str:
    if not one.attempts:
        return ""
    answer = (
        f", last answer {one.answered_at:%Y-%m-%d %H:%M} UTC: {one.last_answer or 'none'}" if one.answered_at else ""
    )
    return f" Sent {one.attempts} times{answer}."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m billing_providers.billing_gate",
        description="Print which customers of a billing period are ready for their invoice, and why not. Only reads.",
    )
    parser.add_argument("integration", help="name of the integration, e.g. atria_to_kaseya_bms")
    parser.add_argument("period", help="a day of the billing period, YYYY-MM-DD")
    parser.add_argument("--all", action="store_true", help="name the customers that are ready, too")
    parser.add_argument("--ledger-conn-id", default="billing_ledger", help="Airflow connection of the ledger")
    return parser


if __name__ == "__main__":
    sys.exit(main())
