"""Mapping tables: what may stand in them, and what is said when it may not."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from billing_providers.engine.mapping import CustomerMap, load_customer_map, load_customer_map_file, load_service_map
from billing_providers.errors import SettingsError


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_are_read_as_spreadsheets_save_them(tmp_path: Path, delimiter: str):
    """Byte order mark, any of three delimiters, quoted cells, header in any case, blank and comment rows."""
    rows = [["Customer_Code", "ACCOUNT_ID", "contract"], ["# ours"], ["", ""], ['" ASP "', "1", '"Main, new; all"']]
    path = tmp_path / "customers.csv"
    path.write_text("\r\n".join(delimiter.join(row) for row in rows), encoding="utf-8-sig")

    entry = load_customer_map_file(str(path)).entries["ASP"]

    assert [part.target.contract for part in entry.all_parts()] == ["Main, new; all"]
    assert entry.where == "customers.csv, line 4"


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("", "customers.csv: has no header"),
        ("account_code\nA1", "customer_code: the column is missing"),
        ("customer_code,acount_code\nA,B", "column 2: unknown column; did you mean 'account_code'?; got 'acount_code'"),
        ("customer_code,share,share\nA,1,1", "share: the column comes twice"),
        ("customer_code,account_code\nA,B,C", "line 2: has 3 cells, the header 2"),
        ("customer_code,account_code\n,B", "line 2: customer_code: is empty"),
        ("customer_code,account_code\nA,", "account_code, account_id: neither is given"),
        ("customer_code,account_code,account_id\nA,B,1", "account_code, account_id: both are given"),
        ("customer_code,account_code,share\nA,B,0.5\nA,C,0.4", "line 3: share: the shares sum to 9/10; got '0.4'"),
        ("customer_code,account_code,share\nA,B,1/3\nA,C,0.6666", "the shares sum to"),
        ("customer_code,account_code,share\nA,B,each\nA,C,1/2", "line 3: share: stands beside each"),
        ("customer_code,account_code,sync\nA,B,maybe", "line 2: sync: is neither yes nor no; got 'maybe'"),
        (
            "customer_code,account_code,share,sync\nA,B,0.5,no\nA,C,0.5,",
            "line 3: sync: is not switched as its other rows are",
        ),
        ("customer_code,account_code,share\nA,B,0.5\nA,C,", "line 3: share: is empty"),
        ("customer_code,account_code,share\nA,B,half", "share: is not a share; got 'half'; allowed: a decimal such as"),
        ("customer_code,account_code,share\nA,B,1/0", "share: is not a share; got '1/0'"),
        ("customer_code,account_code,share\nA,B,1.5", "share: is not a share"),
        ("customer_code,account_code,share\nA,B,-1/2", "share: is not a share"),
        ("customer_code;account_code;share\nA;B;0,5", "share: is not a share; got '0,5'"),
        ("customer_code,account_code,share\nA,B,0.5\nA,B,0.5", "line 3: customer_code: repeats customers.csv, line 2"),
        ("customer_code,account_code,value\nA,B,x", "value: has a value without a field"),
        ("customer_code,account_code,field,value\nA,B,site,x\nA,C,city,y", "field: splits by several fields"),
        ("customer_code,account_code,ignore\nA,B,ours", "ignore: is given together with account_code"),
        ("customer_code,account_code,ignore\nA,,ours\nA,B,", "line 2: ignore: stands beside line 3"),
    ],
)
def test_a_wrong_table_names_place_column_value_and_what_is_allowed(table: str, says: str):
    """Every fault of a table stops the run before it starts, with what a person needs to correct it."""
    with pytest.raises(SettingsError) as error:
        load_customer_map(table, "customers.csv")

    assert str(error.value).startswith("customers.csv")
    assert says in str(error.value)


def test_a_file_that_cannot_be_read_is_a_settings_error(tmp_path: Path):
    """Missing, or not UTF-8: said with the path."""
    broken = tmp_path / "latin.csv"
    broken.write_bytes("customer_code\n\u00c6r\u00f8".encode("latin-1"))

    with pytest.raises(SettingsError, match="is not UTF-8"):
        load_customer_map_file(str(broken))
    with pytest.raises(SettingsError, match=r"nowhere\.csv: cannot be read"):
        load_customer_map_file(str(tmp_path / "nowhere.csv"))


def test_exact_thirds_sum_to_one():
    """Fractions are exact: three thirds are a whole, and so are thirds written as 2/6."""
    table = load_customer_map("customer_code,account_code,share\nA,B,1/3\nA,C,2/6\nA,D,1/3", "customers.csv")

    assert [part.share for part in table.entries["A"].all_parts()] == [Fraction(1, 3)] * 3


def test_the_digest_changes_with_the_meaning_only():
    """Order of rows and columns, delimiter and comments do not matter; a value does."""
    first = load_service_map("sku,service\nA,X\nB,Y", "one.csv").digest

    assert load_service_map("service;sku\nY;B\n# note\nX;A", "two.csv").digest == first
    assert load_service_map("sku,service\nA,X\nB,Z", "one.csv").digest != first
    assert CustomerMap.empty().digest == load_customer_map("customer_code,account_id", "empty.csv").digest
