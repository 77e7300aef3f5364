"""From one row of a source to one record: exact, or malformed with field and reason."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.errors import SettingsError
from billing_providers.hooks.atria import ROW_NAMES
from billing_providers.hooks.usage_fields import ROW_FIELDS, RowReader, field_names
from billing_providers.model.source import MalformedRow
from billing_providers.model.usage import UsageKind, UsageRecord

ROW = {"customerCode": "ASP", "customerName": "Aspen", "sku": "MS365-BP", "quantity": 12}


def read(reader: RowReader | None = None, **fields: Any) -> UsageRecord | MalformedRow:
    return (reader or RowReader("atria", ROW_NAMES)).record({**ROW, **fields}, "items[0]")


def record(**fields: Any) -> UsageRecord:
    found = read(**fields)
    assert isinstance(found, UsageRecord), found
    return found


def test_the_default_names_cover_every_field() -> None:
    """A field without a name could never be read."""
    assert set(ROW_NAMES) == set(ROW_FIELDS)


def test_a_small_row_is_a_record() -> None:
    """Absent texts are empty, absent numbers None; a row without an id is known by its position."""
    found = record()

    assert (found.customer_code, found.sku, found.quantity) == ("ASP", "MS365-BP", Decimal(12))
    assert (found.record_id, found.billing_identifier, found.unit_price) == ("items[0]", "", None)
    assert (found.kind, found.billable, found.period_end) == (UsageKind.RECURRING, True, None)


@pytest.mark.parametrize(
    ("quantity", "exact"),
    [
        (0, "0"),
        (-3, "-3"),
        (Decimal("12.3400"), "12.3400"),
        (" 0.100000000000000005 ", "0.100000000000000005"),
        ("1e3", "1E+3"),
    ],
)
def test_quantities_are_exact(quantity: object, exact: str) -> None:
    """Law 12: no digit is lost or added."""
    assert str(record(quantity=quantity).quantity) == exact


@pytest.mark.parametrize(
    ("fields", "field", "error"),
    [
        ({"quantity": "twelve"}, "quantity", "'twelve' is not a number"),
        ({"quantity": "1,5"}, "quantity", "'1,5' holds a comma; set decimal_comma if it separates the decimals"),
        ({"quantity": "1,234.5"}, "quantity", "'1,234.5' holds a comma; set decimal_comma"),
        ({"quantity": True}, "quantity", "True is a bool"),
        ({"quantity": "NaN"}, "quantity", "'NaN' is not a finite number"),
        ({"quantity": None}, "quantity", "is empty"),
        ({"quantity": " "}, "quantity", "is empty"),
        ({"customerCode": " "}, "customerCode", "is empty"),
        ({"sku": ["a"]}, "sku", "['a'] is not a text"),
        ({"billable": "perhaps"}, "billable", "'perhaps' is neither yes nor no"),
        ({"periodEnd": "25/11/2026"}, "periodEnd", "'25/11/2026' is not a date YYYY-MM-DD"),
        ({"periodEnd": "20261125"}, "periodEnd", "'20261125' is not a date"),
        ({"periodEnd": "2026-11-31"}, "periodEnd", "'2026-11-31' is not a date"),
        ({"unitPrice": "12 EUR"}, "unitPrice", "'12 EUR' is not a number"),
        ({"periodEnd": "9999-12-31"}, "periodEnd", "9999-12-31 is no last day of a period"),
    ],
)
def test_a_row_that_cannot_be_read_names_field_and_reason(fields: dict[str, Any], field: str, error: str) -> None:
    """Nothing is guessed and nothing dropped: the field is called as the source calls it."""
    found = read(**fields)

    assert isinstance(found, MalformedRow)
    assert (found.position, found.field, found.customer_name) == ("items[0]", field, "Aspen")
    assert found.error.startswith(error)


def test_bases_stand_in_for_a_quantity() -> None:
    """A source may count assigned, enabled and owned seats, and leave the choice to a rule."""
    found = record(quantity=None, assigned=7, total="9")

    assert (found.quantity, found.assigned, found.enabled, found.total) == (None, Decimal(7), None, Decimal(9))


@pytest.mark.parametrize(
    ("printed", "last_day", "end"),
    [
        ("2026-11-25", True, date(2026, 11, 26)),
        ("2026-11-25T00:00:00Z", True, date(2026, 11, 26)),
        ("2026-12-31", True, date(2027, 1, 1)),
        ("2026-11-26", False, date(2026, 11, 26)),
    ],
)
def test_a_period_end_becomes_the_day_after(printed: str, last_day: bool, end: date) -> None:
    """Periods are half-open, whichever way the source prints their end."""
    found = read(RowReader("atria", ROW_NAMES, end_is_last_day=last_day), periodEnd=printed)

    assert isinstance(found, UsageRecord)
    assert found.period_end == end


@pytest.mark.parametrize(
    ("word", "kind"),
    [("", "recurring"), ("Usage", "usage"), ("SETUP", "setup"), ("credit", "credit"), ("Surcharge", "unknown")],
)
def test_an_unknown_kind_is_not_taken_for_a_quantity(word: str, kind: str) -> None:
    """Only rows without a word count as recurring."""
    assert record(kind=word).kind.value == kind


@pytest.mark.parametrize(
    ("value", "billable"), [(None, True), ("", True), ("Yes", True), (1, True), (False, False), ("no", False)]
)
def test_a_row_is_billable_unless_the_source_says_no(value: object, billable: bool) -> None:
    """A source without the column bills everything; its rules may exclude."""
    assert record(billable=value).billable is billable


def test_a_decimal_comma_is_read_only_where_it_is_set() -> None:
    """1.234 is then no longer a number that anybody can be sure of."""
    reader = RowReader("atria", ROW_NAMES, decimal_comma=True)

    assert [getattr(read(reader, quantity=text), "quantity", None) for text in ("1,5", "15", "1.5", "1.234,5")] == [
        Decimal("1.5"),
        Decimal(15),
        None,
        None,
    ]


def test_other_fields_are_kept_as_evidence() -> None:
    """Law 15: what no field takes can still be looked up, in a stable order."""
    assert record(site="Köln", amount=Decimal("1.50")).attributes == '{"amount": "1.50", "site": "Köln"}'


def test_a_field_map_steps_into_nested_objects() -> None:
    """Another tenant's names go into the map; the others stay."""
    names = field_names(ROW_NAMES, {"sku": "product.code", "term": ""}, where="connection x, field_map")

    found = read(RowReader("atria", names), product={"code": "MS365-E3"}, term="yearly")

    assert isinstance(found, UsageRecord)
    assert (found.sku, found.customer_code, found.term) == ("MS365-E3", "ASP", "")


@pytest.mark.parametrize(
    ("field_map", "problem"),
    [
        ({"customerCode": "x"}, "customerCode: unknown field; did you mean customer_code?"),
        ({"sku": 5}, "sku: is no name; got 5"),
    ],
)
def test_a_wrong_field_map_is_a_settings_error(field_map: dict[str, Any], problem: str) -> None:
    """It names the connection, the key and a near one."""
    with pytest.raises(SettingsError) as caught:
        field_names(ROW_NAMES, field_map, where="connection x, field_map")

    assert str(caught.value).startswith(f"connection x, field_map: {problem}")
