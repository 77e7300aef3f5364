"""Drift: what somebody changed by hand on managed lines since the product last set or confirmed them.

What a line should hold is told by the register and the journal together: the quantity of whichever is younger, and of
each other field what was set last. Writes of other integrations on the same line count as the product's. A line whose
last write is in doubt is left out: the run that wrote it told so. Pure; nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing_providers.model.changes import ChangeKind, LineField, ManagedLine, parts_of
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.findings import Finding, FindingVoice
from billing_providers.model.journal import LineWrite
from billing_providers.model.psa import ContractLine, PsaDirectory

CHANGED, ENDED, OF_TWO = 200, 201, 202
_QUANTITY_STAYS = frozenset({ChangeKind.SET_FIELDS, ChangeKind.END_LINE})


@dataclass(frozen=True, slots=True)
class LastSet:
    """What a managed line should hold, and who said so last.

    ``day``: the day on which the quantity is looked at, where the PSA dates quantities. ``words`` tell who set or
    confirmed it; ``foreign``: another integration did. ``fields`` are those that were set, and the last day.
    """

    line: ManagedLine
    quantity: Decimal
    day: date | None
    run_key: str
    words: str
    foreign: bool
    fields: Mapping[LineField, str]
    customer_name: str


@dataclass(frozen=True, slots=True)
class LineDrift:
    """One line that is not as it should be: the finding's number, what is different, and what stands there now."""

    number: int
    last: LastSet
    what: str
    observed: Decimal | None


def last_set(
    managed: Iterable[ManagedLine], writes: Iterable[LineWrite], integration: str, *, not_before: date
) -> list[LastSet]:
    """Return what each managed line of an integration should hold; lines whose last write is in doubt are left out.

    :param writes: of the tenant, all integrations, in the order of the journal.
    :param not_before: a quantity that holds from an earlier day on is looked at on this one.
    """
    by_line: dict[str, list[LineWrite]] = {}
    for write in writes:
        by_line.setdefault(write.line_id, []).append(write)
    found = []
    for line in managed:
        of_line = by_line.get(line.line_id, [])
        if not of_line or of_line[-1].stands or not _is_younger(of_line[-1], line):
            found.append(_last_set(line, [write for write in of_line if write.stands], integration, not_before))
    return found


def line_drifts(wanted: Iterable[LastSet], lines: Iterable[ContractLine]) -> list[LineDrift]:
    """Return a drift for each line that is not as it should be, in the order of ``wanted``.

    :param lines: the live lines, with their quantities on the days that are looked at.
    """
    live = {line.line_id: line for line in lines}
    return [drift for last in wanted if (drift := _drift(last, live.get(last.line.line_id))) is not None]


def drift_finding(
    drift: LineDrift, voice: FindingVoice, directory: PsaDirectory | None = None, *, editor: str = ""
) -> Finding:
    """Return the finding of a drift.

    :param directory: where contracts and services have their names.
    :param editor: who edited the line last, as the PSA tells it; empty: it does not.
    """
    last, line = drift.last, drift.last.line
    contracts = {one.contract_id: one.name for one in directory.contracts} if directory else {}
    services = {one.service_id: one.name.strip() for one in directory.services} if directory else {}
    return voice.finding(
        drift.number,
        customer=", ".join(parts_of(line.customer_code)),
        customer_name=last.customer_name,
        account=line.account_id,
        contract=line.contract_id,
        contract_name=contracts.get(line.contract_id, line.contract_id),
        service=services.get(line.service_id, line.service_id),
        sku=", ".join(parts_of(line.sku)),
        line=line.line_id,
        what=drift.what,
        setter=last.words,
        editor=f" Last edited {editor}." if editor else "",
        after=text_from_decimal(line.quantity),
        observed=_told(drift.observed),
        run=last.run_key,
    )


def _is_younger(write: LineWrite, line: ManagedLine) -> bool:
    return line.confirmed_at is None or write.at > line.confirmed_at


def _last_set(line: ManagedLine, writes: Sequence[LineWrite], integration: str, not_before: date) -> LastSet:
    quantities = [write for write in writes if write.kind not in _QUANTITY_STAYS]
    own = next((write for write in reversed(quantities) if write.run_key == line.run_key), None)
    last = quantities[-1] if quantities and _is_younger(quantities[-1], line) else None
    fields = {} if line.last_day is None else {LineField.LAST_DAY: line.last_day.isoformat()}
    for write in writes:
        for change in write.fields:
            if change.field is not LineField.LAST_DAY or _is_younger(write, line):
                fields[change.field] = change.after
    day = None if line.holds_from is None else last.effective_date if last else line.holds_from
    quantity = last.quantity_after if last else line.quantity
    teller = last or own
    return LastSet(
        line=line,
        quantity=quantity,
        day=None if day is None else max(day, not_before),
        run_key=teller.run_key if teller else line.run_key,
        words=_words(quantity, day, line, teller),
        foreign=last is not None and last.integration != integration,
        fields=fields,
        customer_name=", ".join(writes[-1].customer_names if writes else parts_of(line.customer_code)),
    )


def _words(quantity: Decimal, day: date | None, line: ManagedLine, write: LineWrite | None) -> str:
    """Return the sentence that says what was set, when, and by which run."""
    held = text_from_decimal(quantity) + (f" from {day} on" if day else "")
    at, run_key = (write.at, write.run_key) if write else (line.confirmed_at, line.run_key)
    when = f" at {at:%Y-%m-%d %H:%M} UTC" if at else ""
    run = f" by run {run_key}" if run_key else f" for the period from {line.period_start}"
    return f"It was {'set to' if write else 'confirmed at'} {held}{run}{when}."


def _drift(last: LastSet, live: ContractLine | None) -> LineDrift | None:
    if live is None:
        return LineDrift(ENDED, last, "is no longer there", None)
    observed = live.quantity if last.day is None else live.quantity_on(last.day)
    ended, parts = _ended(last, live), _parts(last, live, observed)
    if ended:
        return LineDrift(ENDED, last, "; ".join([ended, *parts]), observed)
    if parts:
        return LineDrift(CHANGED, last, "; ".join(parts), observed)
    if last.foreign and last.quantity != last.line.quantity:
        return LineDrift(OF_TWO, last, "", observed)
    return None


def _ended(last: LastSet, live: ContractLine) -> str:
    """Return in which way a line was ended; empty while it is as it was."""
    known = last.fields.get(LineField.LAST_DAY, "")
    if live.last_day is not None and live.last_day.isoformat() != known:
        return f"was ended on {live.last_day}" + (f" instead of {known}" if known else "")
    if not live.open:
        return "was ended"
    if last.day is not None and live.quantity_on(last.day) is None:
        return f"holds nothing on {last.day} any more"
    return ""


def _parts(last: LastSet, live: ContractLine, observed: Decimal | None) -> list[str]:
    parts = []
    if observed is not None and observed != last.quantity:
        parts.append(f"the quantity is {_told(observed)}, it was {_told(last.quantity)}")
    for field, value in sorted(last.fields.items()):
        shown = live.field(field) or ""
        if shown != value and not (field is LineField.LAST_DAY and shown):
            parts.append(f"{field.value.replace('_', ' ')} is {shown or 'empty'}, it was {value or 'empty'}")
    return parts


def _told(quantity: Decimal | None) -> str:
    return "nothing" if quantity is None else text_from_decimal(quantity)
