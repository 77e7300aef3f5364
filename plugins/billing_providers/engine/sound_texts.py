"""Takes damaged texts out of a reading before anything is counted: what no ledger can hold is a row that is not read.

A record with a NUL character or half a character in one of its texts becomes a malformed row, which holds its customer.
A damaged customer code is no code: it may be anybody's. Damage in further fields, which are kept as JSON, is written as
JSON writes it and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import chain
from operator import attrgetter

from billing_providers.model.source import MalformedRow, UsageRead
from billing_providers.model.usage import UsageRecord
from billing_providers.plain_text import damage_of, plain_text, shortened

_TEXTS = tuple(field.name for field in fields(UsageRecord) if field.type == "str" and field.name != "attributes")
_SLICE = 4096  # records that are looked at together, as damage is rare
_REASON_MAX = 2000  # characters; a reason repeats the value, which may be a whole file

_texts_of = attrgetter(*_TEXTS)


def sound_texts(read: UsageRead) -> UsageRead:
    """Return a reading whose texts can all be stored; the rows are in the same order. Never raises."""
    records, damaged = _sound_records(read.records)
    lost = [code for code in read.failed_customers if damage_of(code)]
    lack = [read.incomplete_why] if read.incomplete_why else []
    lack += [f"{len(lost)} customers that could not be read have damaged codes (first: {lost[0]!r})"] if lost else []
    return replace(
        read,
        records=records,
        origin=plain_text(read.origin),
        complete=read.complete and not lost,
        incomplete_why=_reason("; ".join(lack)),
        malformed=[_sound_row(row) for row in chain(read.malformed, damaged)],
        failed_customers={plain_text(code): _reason(why) for code, why in read.failed_customers.items()},
        notes=[_reason(note) for note in read.notes],
    )


def _sound_records(records: Sequence[UsageRecord]) -> tuple[list[UsageRecord], list[MalformedRow]]:
    sound: list[UsageRecord] = []
    damaged: list[MalformedRow] = []
    for start in range(0, len(records), _SLICE):
        part = records[start : start + _SLICE]
        if not damage_of("".join(chain.from_iterable((*_texts_of(record), record.attributes) for record in part))):
            sound += part
            continue
        for record in part:
            row = _damage(record)
            damaged.append(row) if row else sound.append(replace(record, attributes=plain_text(record.attributes)))
    return sound, damaged


def _damage(record: UsageRecord) -> MalformedRow | None:
    """Return the row of a record with a damaged text, None where all are sound."""
    for name, text in zip(_TEXTS, _texts_of(record), strict=True):
        if why := damage_of(text):
            told = f"{text!r} {why}"
            return MalformedRow(record.position, name, told, record.customer_code, record.customer_name)
    return None


def _sound_row(row: MalformedRow) -> MalformedRow:
    return MalformedRow(
        position=plain_text(row.position),
        field=plain_text(row.field),
        error=_reason(row.error),
        customer_code="" if damage_of(row.customer_code) else row.customer_code,
        customer_name=plain_text(row.customer_name),
    )


def _reason(text: str) -> str:
    return shortened(plain_text(text), _REASON_MAX)
