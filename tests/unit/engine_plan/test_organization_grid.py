"""The grid of organizations: what a cell means, what is refused, and what is only ever offered."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_providers.engine.mapping import (
    CUSTOMER_COLUMNS,
    CustomerMap,
    load_customer_map_file,
    load_organization_grid,
)
from billing_providers.engine.organization_grid import (
    GridRow,
    Organization,
    OrganizationGrid,
    grid_text,
    is_grid,
    read_grid,
)
from billing_providers.engine.organization_suggestions import Reported, organization_suggestions
from billing_providers.errors import SettingsError
from billing_providers.model.psa import Account

GRID = """\
account_code,account_id,account_name,Datto RMM,SaaS Protection
DAILY,,Daily Mail,Daily Mail <s1>,Daily Mail Ltd; Daily Mail Holdings
,42,Aspen,,Aspen Ltd
"""
DAILY, ASPEN, BIRCH = (
    Account("1", "DAILY", "Daily Mail", True),
    Account("42", "ASPEN", "Aspen Ltd", True),
    Account("7", "", "Birch & Sons GmbH", True),
)


def targets(table: CustomerMap) -> dict[str, str]:
    return {
        code: entry.ignore or "/".join(part.target.account_code or part.target.account_id for part in entry.all_parts())
        for code, entry in table.entries.items()
    }


def test_several_organizations_of_several_modules_are_one_account():
    """n:1 by a row per customer; an id in angle brackets counts, its name is for people."""
    table = load_organization_grid(GRID, "grid.csv")

    assert targets(table) == {
        "Datto RMM: s1": "DAILY",
        "SaaS Protection: Daily Mail Ltd": "DAILY",
        "SaaS Protection: Daily Mail Holdings": "DAILY",
        "SaaS Protection: Aspen Ltd": "42",
    }
    assert table.modules == ("Datto RMM", "SaaS Protection")
    assert table.entries["SaaS Protection: Aspen Ltd"].where == "grid.csv, line 3, SaaS Protection"


def test_a_customer_map_may_be_a_grid(tmp_path: Path):
    """The setting names one file; its header tells which of the two it is."""
    path = tmp_path / "organizations.csv"
    path.write_text(GRID.replace(",", "\t"), encoding="utf-8-sig")

    assert targets(load_customer_map_file(str(path)))["Datto RMM: s1"] == "DAILY"


@pytest.mark.parametrize(
    ("header", "grid"),
    [
        ("account_code,Datto RMM", True),
        ("# ours\n\nAccount_ID;Datto RMM", True),
        ("account_code,account_name", True),
        ("account_code,contract", False),
        ("account_code,customer_code,Datto RMM", False),
        ("customer_code,account_code", False),
        ("Datto RMM,account_code", False),
        ("", False),
    ],
)
def test_a_grid_is_told_by_its_header(header: str, grid: bool):
    """A customer table whose columns stand in another order stays one, and its typos are still found."""
    assert is_grid(header, CUSTOMER_COLUMNS) is grid


def test_account_id_counts_where_both_are_given_and_a_contract_may_be_named():
    """The written grid shows both; the id is the narrower one."""
    table = load_organization_grid("account_code,account_id,contract,Graphus\nDAILY,1,Cloud,Daily Mail\n", "grid.csv")

    (part,) = table.entries["Graphus: Daily Mail"].all_parts()
    assert (part.target.account_code, part.target.account_id, part.target.contract) == ("", "1", "Cloud")


def test_organizations_may_be_ignored_with_a_reason():
    """A row without account: its organizations are left alone, with the reason in the finding."""
    table = load_organization_grid("account_code,ignore,Graphus\n,our own until 2026-12-31,Lab; Demo\n", "grid.csv")

    assert targets(table) == {"Graphus: Lab": "our own until 2026-12-31", "Graphus: Demo": "our own until 2026-12-31"}
    assert str(table.entries["Graphus: Lab"].review_after) == "2026-12-31"


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("A,,X\nB,,X", "grid.csv, line 3: Graphus: stands in grid.csv, line 2 already; got 'X'"),
        ("A,,X <1>\nB,,Y <1>", "line 3: Graphus: stands in grid.csv, line 2 already; got 'Y <1>'"),
        ("A,,X; X", "line 2, Graphus: names an organization twice; got 'X; X'"),
        (",,X", "line 2: account_code, account_id: neither is given; got 'X'"),
        ("A,ours,X", "line 2: ignore: is given together with an account; got 'ours'"),
        (",ours until 2026-13-01,X", "ignore: ends with a day that does not exist"),
        (",ours until 1/2/2026,X", "ignore: ends with a day that does not exist"),
        ("A,,X <>", "line 2, Graphus: has an empty id; got 'X <>'"),
        ("A,,X <1> Ltd", "line 2, Graphus: has text after the id"),
        ("A,,X,Y", "line 2: has 4 cells, the header 3"),
    ],
)
def test_a_wrong_row_names_line_column_and_value(rows: str, says: str):
    """Whoever would be billed twice, or nobody, stops the run before it starts."""
    with pytest.raises(SettingsError) as error:
        load_organization_grid(f"account_code,ignore,Graphus\n{rows}\n", "grid.csv")

    assert says in str(error.value)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("account_code,Graphus,Graphus", "Graphus: the column comes twice"),
        ("account_code,acount_id,Graphus", "is no module; did you mean 'account_id'?; got 'acount_id'"),
        ("account_code,account_name,Graphus?", "has no column of a module"),
    ],
)
def test_a_wrong_header_is_refused(header: str, says: str):
    """A mistyped column would be a module that nobody has."""
    with pytest.raises(SettingsError) as error:
        load_organization_grid(f"{header}\nA,B,C\n", "grid.csv")

    assert says in str(error.value)


def test_columns_for_people_are_never_part_of_the_map():
    """A suggestion is billed only once a person has moved it."""
    table = load_organization_grid("account_code,Graphus,Graphus?,exact?\nA,,Aspen (91: similar name),Birch\n", "g.csv")

    assert targets(table) == {}


_texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=8)


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(_texts, st.one_of(st.just(""), _texts)), min_size=1, max_size=4, unique_by=lambda o: o[1] or o[0]
    )
)
def test_what_is_written_is_read_back(names: list[tuple[str, str]]):
    """Whatever a vendor lets an organization be called: semicolons, brackets, backslashes, formulas."""
    organizations = tuple(Organization(name, identifier) for name, identifier in names)
    grid = OrganizationGrid("g", ("Graphus",), (GridRow("A", "1", "Aspen", organizations={"Graphus": organizations}),))

    (row,) = read_grid(grid_text(grid, {"exact?": ["=1+1"]}), "g").rows

    assert (row.account_code, row.account_id, dict(row.organizations)) == ("A", "1", {"Graphus": organizations})


def test_no_cell_is_a_formula():
    """A vendor's name must not run in somebody's spreadsheet."""
    organization = Organization("=HYPERLINK(1)")
    grid = OrganizationGrid("g", ("G",), (GridRow("A", "", "@name", organizations={"G": (organization,)}),))

    _, cells = csv.reader(io.StringIO(grid_text(grid, {"G?": ["+1"]})))

    assert cells == ["A", "", "'@name", "\\=HYPERLINK(1)", "'+1"]


def test_the_grid_on_the_page_is_a_grid():
    """Whoever pastes it gets what the page says."""
    page = (Path(__file__).parents[3] / "docs" / "module-metrics.md").read_text(encoding="utf-8")
    pasted = next(text for text in re.findall(r"```csv\n(.*?)```", page, re.DOTALL) if "account_code" in text)

    assert is_grid(pasted, CUSTOMER_COLUMNS)
    assert targets(load_organization_grid(pasted, "page")) == {
        "Datto RMM: 4f0c2a7e": "DAILY",
        "Datto RMM: 91b3d055": "DAILY",
        "SaaS Protection: Daily Mail Ltd": "DAILY",
        "SaaS Protection: Aspen": "1042",
        "Datto RMM: 0c7a11de": "our own until 2026-12-31",
    }


# -- suggestions


def proposed(grid: OrganizationGrid, accounts: list[Account], **modules: list[Reported]) -> list[dict[str, str]]:
    text = organization_suggestions(grid, modules, accounts).text()
    read_grid(text, "written.csv")
    return [{name: cell for name, cell in row.items() if cell} for row in csv.DictReader(io.StringIO(text))]


def reported(name: str, identifier: str = "", account_id: str = "") -> Reported:
    return Reported(Organization(name, identifier), account_id)


EMPTY = OrganizationGrid("new", (), ())


def test_exact_names_and_ids_are_prefilled_and_told():
    """What agrees in full is filled in; a column of its own says what and why."""
    rows = proposed(EMPTY, [ASPEN, DAILY], Graphus=[reported("Daily Mail", "s1"), reported("Aspen group", "s2", "42")])

    assert rows == [
        {
            "account_code": "ASPEN",
            "account_id": "42",
            "account_name": "Aspen Ltd",
            "Graphus": "Aspen group <s2>",
            "exact?": "Aspen group <s2> (Graphus: the id that the module names)",
        },
        {
            "account_code": "DAILY",
            "account_id": "1",
            "account_name": "Daily Mail",
            "Graphus": "Daily Mail <s1>",
            "exact?": "Daily Mail <s1> (Graphus: same name)",
        },
    ]


def test_near_names_are_offered_with_score_and_reason():
    """Case, blanks and legal form, or similar spelling: in the column that nobody bills by."""
    organizations = [reported("ASPEN  Limited"), reported("Birch and Sons"), reported("Zebra")]

    rows = proposed(EMPTY, [ASPEN, BIRCH], Graphus=organizations)

    assert [row.get("Graphus?") for row in rows] == [
        "ASPEN  Limited (99: differs by case, blanks or legal form)",
        "Birch and Sons (83: similar name)",
        "Zebra",
    ]
    assert [row["account_name"] for row in rows] == ["Aspen Ltd", "Birch & Sons GmbH", "no account is near"]
    assert all("Graphus" not in row for row in rows)


@pytest.mark.parametrize(
    ("accounts", "organizations"),
    [
        ([DAILY, Account("2", "D2", "Daily Mail", True)], [reported("Daily Mail")]),
        ([DAILY], [reported("Daily Mail", "s1"), reported("Daily Mail", "s2")]),
        ([DAILY, ASPEN], [reported("Daily Mail", "s1", "42")]),
    ],
    ids=["two accounts", "two organizations", "the id says another account"],
)
def test_what_speaks_against_each_other_is_only_offered(accounts: list[Account], organizations: list[Reported]):
    """Law 4: nothing ambiguous is prefilled, both are shown."""
    rows = proposed(EMPTY, accounts, Graphus=organizations)

    assert all("Graphus" not in row and "exact?" not in row for row in rows)
    assert sum(row["Graphus?"].count("something else speaks against it") for row in rows) == 2


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("Daily Mail", "100: same name"),
        ("DAILY mail", "99: differs by case, blanks or legal form"),
    ],
)
def test_an_id_that_no_active_account_has_is_not_passed_over_for_the_name(name: str, offered: str):
    """A run that goes by the id refuses the organization (190): a person is told which id to correct."""
    rows = proposed(EMPTY, [DAILY, Account("9", "Z", "Zebra", False)], Graphus=[reported(name, "s1", "9")])

    why = "but the module names account id 9, which no active account has"
    assert [(row.get("Graphus"), row.get("exact?")) for row in rows] == [(None, None)]
    assert rows[0]["Graphus?"] == f"{name} <s1> ({offered}, {why})"


def test_an_inactive_account_is_never_suggested():
    """Its usage could not be billed."""
    assert proposed(EMPTY, [Account("9", "Z", "Zebra", False)], Graphus=[reported("Zebra")]) == [
        {"account_name": "no account is near", "Graphus?": "Zebra"}
    ]


def test_a_grid_in_use_is_kept_and_added_to():
    """What a person decided stays as it is, and what it holds is not suggested again."""
    grid = read_grid("account_code,ignore,Graphus\nDAILY,,Aspen Ltd\n,ours,Lab\n", "grid.csv")

    rows = proposed(
        grid, [DAILY, ASPEN], Graphus=[reported("Aspen Ltd"), reported("Lab")], SaaS=[reported("Daily Mail")]
    )

    assert rows == [
        {
            "account_code": "DAILY",
            "account_id": "1",
            "account_name": "Daily Mail",
            "Graphus": "Aspen Ltd",
            "SaaS": "Daily Mail",
            "exact?": "Daily Mail (SaaS: same name)",
        },
        {"ignore": "ours", "Graphus": "Lab"},
    ]


def test_an_id_that_no_account_has_is_never_replaced_by_the_code_beside_it():
    """Law 4: what a person mapped and is not there is reported by the run, not mapped to something else here."""
    grid = read_grid("account_code,account_id,Graphus\nDAILY,99,Lab\n", "grid.csv")

    assert proposed(grid, [DAILY, ASPEN], Graphus=[reported("Lab")]) == [
        {"account_code": "DAILY", "account_id": "99", "Graphus": "Lab"}
    ]


def test_no_contract_is_chosen_where_the_rows_of_an_account_name_several():
    """The account agrees exactly; on which of its contracts the organization is billed is not said."""
    grid = read_grid("account_code,contract,Graphus\nDAILY,Cloud,Lab\nDAILY,Servers,Shop\n", "grid.csv")

    rows = proposed(grid, [DAILY], SaaS=[reported("Daily Mail")])

    assert [(row.get("contract"), row.get("Graphus"), row.get("SaaS")) for row in rows] == [
        ("Cloud", "Lab", None),
        ("Servers", "Shop", None),
        (None, None, "Daily Mail"),
    ]
