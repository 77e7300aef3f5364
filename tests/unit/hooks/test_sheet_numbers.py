"""Amounts in the shapes that spreadsheets give them, whatever the country of the person who exported them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_providers.errors import SettingsError
from billing_providers.hooks.report_files import PlainNumber
from billing_providers.hooks.sheet_numbers import DecimalMark, amount_of, decimal_mark_of
from billing_providers.model.decimals import DecimalError

POINT, COMMA = DecimalMark.POINT, DecimalMark.COMMA
BLANKS = [" ", "\u00a0", "\u2009", "\u202f"]


def mark_of(*cells: str) -> DecimalMark:
    return decimal_mark_of([(f"row {number}", cell) for number, cell in enumerate(cells, 2)], where="usage.csv")


@pytest.mark.parametrize(
    ("cell", "mark", "amount"),
    [
        ("0", POINT, "0"),
        ("007", POINT, "7"),
        (" 12.50 ", POINT, "12.5"),
        (".5", POINT, "0.5"),
        ("1234567.891", POINT, "1234567.891"),
        ("1,234.50", POINT, "1234.5"),
        ("1,234,567", POINT, "1234567"),
        ("1'234.5", POINT, "1234.5"),
        ("1\u2019234\u2019567.5", POINT, "1234567.5"),
        ("1.234,50", COMMA, "1234.5"),
        ("1.234.567", COMMA, "1234567"),
        ("12,5", COMMA, "12.5"),
        ("1'234,5", COMMA, "1234.5"),
        *[(f"1{blank}234{blank}567,50", COMMA, "1234567.5") for blank in BLANKS],
        *[(f"1{blank}234.5", POINT, "1234.5") for blank in BLANKS],
        ("\u00a012,5\u00a0", COMMA, "12.5"),
    ],
)
def test_a_number_is_read_with_the_files_decimal_mark(cell: str, mark: DecimalMark, amount: str) -> None:
    """Groups of three, one group mark throughout, any blank that programs use."""
    assert amount_of(cell, mark) == Decimal(amount)


@pytest.mark.parametrize(
    ("cell", "mark", "why"),
    [
        ("", POINT, "is empty"),
        ("\u00a0", POINT, "is empty"),
        ("-5", POINT, "is negative"),
        ("-0", POINT, "is negative"),
        ("\u22125", POINT, "is negative"),
        ("-1.234,5", COMMA, "is negative"),
        ("(5)", POINT, "is not a number"),
        ("12.5", COMMA, "is not a number with a decimal comma"),
        ("12,5", POINT, "is not a number with a decimal point"),
        ("1,23,456", POINT, "is not a number"),
        ("1,2345", POINT, "is not a number"),
        ("0,123", POINT, "is not a number"),
        ("1,234'567", POINT, "is not a number"),
        ("1,234 567", POINT, "is not a number"),
        ("1.", POINT, "is not a number"),
        (",", COMMA, "is not a number"),
        ("1.5.5", POINT, "is not a number"),
        ("1E+05", POINT, "is not a number"),
        ("12 GB", POINT, "is not a number"),
        ("NaN", POINT, "is not a number"),
        ("\u0661\u0662", POINT, "is not a number"),
        ("9" * 29, POINT, "has an exponent beyond"),
    ],
)
def test_what_is_no_amount_is_refused(cell: str, mark: DecimalMark, why: str) -> None:
    """Nothing is repaired by guessing; a lone 0,123 is no group of thousands."""
    with pytest.raises(DecimalError, match=why):
        amount_of(cell, mark)


@pytest.mark.parametrize("mark", [POINT, COMMA])
def test_a_spreadsheets_own_number_has_no_shape_to_be_guessed(mark: DecimalMark) -> None:
    """1.234 in a number cell is 1.234, whatever the texts of the file look like."""
    assert amount_of(PlainNumber("1.234"), mark) == Decimal("1.234")
    assert amount_of(PlainNumber("-0"), mark) == Decimal(0)
    assert amount_of(PlainNumber("1e-05"), mark) == Decimal("0.00001")
    with pytest.raises(DecimalError, match="is negative"):
        amount_of(PlainNumber("-1.5"), mark)
    assert mark_of(PlainNumber("1.234"), "1.234,5") is COMMA


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["1,234", "1,234.5"], POINT),
        (["1,234", "0.25"], POINT),
        (["1,234", "1,234,567"], POINT),
        (["1.234", "1.234,5"], COMMA),
        (["1.234", "0,25"], COMMA),
        (["1,234", "12,5"], COMMA),
        (["12", "0", "7"], POINT),
        (["1 234", "12"], POINT),
        (["", "#REF!", "12"], POINT),
        ([], POINT),
        (["0,123", "1,234"], COMMA),
    ],
)
def test_one_clear_cell_decides_for_all(cells: list[str], mark: DecimalMark) -> None:
    """Where every number is the same in both readings, there is nothing to decide."""
    assert mark_of(*cells) is mark


def test_a_file_that_fits_both_readings_is_refused_with_the_cells_that_show_it() -> None:
    """A thousand gigabytes or one and a bit: no program can know."""
    with pytest.raises(SettingsError) as caught:
        mark_of("1,234", "12", "2.500", *["3,000"] * 5)

    assert str(caught.value) == (
        "usage.csv: number_format: the numbers of the file can be read in two ways: "
        "row 2 '1,234' (1234 or 1.234), row 4 '2.500' (2.5 or 2500), row 5 '3,000' (3000 or 3), "
        "row 6 '3,000' (3000 or 3), row 7 '3,000' (3000 or 3) and 2 more; got 'auto'; allowed: point, comma"
    )


def test_a_file_that_contradicts_itself_is_refused() -> None:
    """Two people's cells in one file: whose rule holds for the doubtful ones is not known."""
    with pytest.raises(SettingsError) as caught:
        mark_of("12.5", "12,5", "1,234")

    assert "row 2 '12.5' have a decimal point, row 3 '12,5' a decimal comma" in str(caught.value)


@given(
    st.lists(st.decimals(0, 10**9, places=2), min_size=1, max_size=20),
    st.sampled_from(
        [(POINT, ".", ","), (COMMA, ",", "."), (COMMA, ",", "\u202f"), (POINT, ".", "'"), (POINT, ".", "")]
    ),
)
def test_amounts_written_with_two_decimals_come_back_as_they_were(
    amounts: list[Decimal], shape: tuple[DecimalMark, str, str]
) -> None:
    """Two decimals, as money and space are usually shown, are never in doubt."""
    mark, decimal, thousands = shape
    cells = [f"{amount:,.2f}".replace(",", "T").replace(".", decimal).replace("T", thousands) for amount in amounts]

    assert mark_of(*cells) is mark
    assert [amount_of(cell, mark) for cell in cells] == amounts


@given(st.lists(st.text("0123456789.,' \u00a0-", max_size=9), max_size=8))
def test_a_decided_file_has_one_reading_for_every_cell(cells: list[str]) -> None:
    """Whatever the cells are: decided, or refused; and a cell that is read the other way as well was outvoted."""
    try:
        mark = mark_of(*cells)
    except SettingsError:
        return
    other = COMMA if mark is POINT else POINT
    readings = [(amount(cell, mark), amount(cell, other)) for cell in cells]
    decided = any(chosen is not None and turned_down is None for chosen, turned_down in readings)

    assert decided or all(chosen == turned_down for chosen, turned_down in readings)
    assert not any(chosen is None and turned_down is not None for chosen, turned_down in readings)


def amount(cell: str, mark: DecimalMark) -> Decimal | None:
    try:
        return amount_of(cell, mark)
    except DecimalError:
        return None
