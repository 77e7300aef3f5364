"""Every file that people keep beside the DAGs: a changed one is read, or refused with file, line and key."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given

from billing_providers.engine.line_terms import load_line_terms_file
from billing_providers.engine.mapping import load_customer_map_file, load_service_map_file
from billing_providers.engine.movement import load_movement_file
from billing_providers.engine.rules import load_rules_file
from billing_providers.errors import SettingsError
from billing_providers.settings_file.loader import load_settings_file
from tests.fuzz.budget import examples
from tests.fuzz.hostile import TEXTS, byte_changes, cell_changes, yaml_changes
from tests.fuzz.told import result_or_error
from tests.fuzz.usage import check_storable
from tests.support.airflow_env import ROOT
from tests.support.closing import shipped_integrations, shipped_settings
from tests.support.settings_yaml import settings_yaml

Loader = Callable[[str], Any]
LOADERS: dict[str, Loader] = {
    "customers": load_customer_map_file,
    "organizations": load_customer_map_file,
    "services": load_service_map_file,
    "terms": load_line_terms_file,
    "movement": load_movement_file,
}
TABLES = sorted((ROOT / "include/mappings").glob("*.csv"))
RULES = sorted((ROOT / "include/rules").glob("*.yaml"))
ALL_RULES = """\
version: 1
description: every action
exclude_without_sku: true
rules:
  - {name: a, match: {sku: {glob: "INT-*"}, quantity: {min: 0, max: 1e3}}, exclude: our own}
  - {name: b, customers: [ASP, FR1], match: {sku: {regex: "M[0-9]+"}}, set: {term: yearly}, from: 2026-01-01}
  - {name: c, except_customers: ASP, rename_sku: X, until: 2026-12-31}
  - {name: d, match: {attributes.site: {prefix: NO-}, billable: true}, multiply: 1.5}
  - {name: e, match: {unit: bytes}, unit: {from: bytes, to: GB, gb: binary}}
  - {name: f, match: {sku: {not: {absent: true}}}, included: 10}
  - {name: g, match: {sku: [A, B]}, round: {to: nearest, places: 2}}
  - {name: h, match: {kind: recurring}, fold: at_end}
"""


def test_every_table_of_the_mappings_folder_has_its_loader() -> None:
    """A new kind of table cannot be forgotten: it is fuzzed as soon as it lies in the folder."""
    assert TABLES
    assert {path.stem.rpartition("_")[2] for path in TABLES} == LOADERS.keys()


def test_what_is_changed_is_valid_before(folder: Path) -> None:
    """Changing what is refused anyway would try nothing."""
    for path in TABLES:
        rows = csv_bytes(list(csv.reader(path.read_text("utf-8").splitlines())))
        assert not isinstance(load(folder, path.name, rows, LOADERS[path.stem.rpartition("_")[2]]), Exception)
    assert not isinstance(load(folder, "rules.yaml", ALL_RULES.encode(), load_rules_file), Exception)
    for name in shipped_integrations():
        text = settings_yaml(shipped_settings(name)).encode()
        assert not isinstance(load(folder, f"{name}.yaml", text, load_settings_file), Exception)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"customer_code,account_code\nASP,ASP-01\nFR1,FR\0-01\n", "line 3: holds a NUL character; allowed: CSV saved"),
        (b'customer_code,account_code\nASP,"ASP-01\nFR1,FR-01\n', "line 3: cannot be read: unexpected end of data"),
        (b'customer_code,account_code\nASP,"ASP"-01\n', "line 2: cannot be read: ',' expected after"),
        (b'account_code,Datto RMM\nASP,"Asp\n', "line 2: cannot be read: unexpected end of data"),
        (b"customer_code,account_code\nASP," + b"x" * 200_000, "line 2: cannot be read: field larger than field limit"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_by_its_line(folder: Path, content: bytes, told: str) -> None:
    """A quotation mark that never closes would swallow the customers below it."""
    assert told in str(load(folder, "t.csv", content, load_customer_map_file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the changed files."""
    return tmp_path_factory.mktemp("tables")


@cache
def shipped_yaml(name: str) -> str:
    """Return a settings file that says what a shipped DAG does."""
    return settings_yaml(shipped_settings(name))


def load(folder: Path, name: str, content: bytes, loader: Callable[[str], Any]) -> Any:
    """Load a file; an error must be one of settings that names the file."""
    path = folder / name
    path.write_bytes(content)
    found = result_or_error(lambda: loader(str(path)))
    if isinstance(found, Exception):
        assert isinstance(found, SettingsError)
        assert path.name in str(found), f"no file is named: {found}"
    else:
        check_storable(found)
    return found


def rows_of(path: Path) -> list[list[str]]:
    """Return the rows of a shipped table, with some of its own columns filled where it has none."""
    lines = [line for line in path.read_text("utf-8").splitlines() if line.strip() and not line.startswith("#")]
    rows = list(csv.reader(lines))
    return rows if len(rows) > 1 else [*rows, ["x"] * len(rows[0])]


def csv_bytes(rows: list[list[Any]]) -> bytes:
    """Write rows as a spreadsheet does."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
@examples(60)
@given(change=cell_changes())
def test_a_table_with_other_cells_is_read_or_refused_by_line(
    folder: Path, path: Path, change: Callable[[list[list[Any]]], list[list[Any]]]
) -> None:
    """A wrong cell stops the run before anything is read, with the line and the column for the person who typed it."""
    load(folder, path.name, csv_bytes(change(rows_of(path))), LOADERS[path.stem.rpartition("_")[2]])


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
@examples(40)
@given(change=byte_changes())
def test_a_table_with_other_bytes_is_read_or_refused_by_name(
    folder: Path, path: Path, change: Callable[[bytes], bytes]
) -> None:
    """Another encoding, half a file or another line end is never an error of Python."""
    load(folder, path.name, change(path.read_bytes()), LOADERS[path.stem.rpartition("_")[2]])


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
@examples(40)
@given(change=byte_changes())
def test_rules_with_other_bytes_are_read_or_refused_by_name(
    folder: Path, path: Path, change: Callable[[bytes], bytes]
) -> None:
    """A rule file is refused as a whole, by name and line, or it is read."""
    load(folder, path.name, change(path.read_bytes()), load_rules_file)


@examples(200)
@given(change=yaml_changes())
def test_rules_with_other_values_are_read_or_refused_by_line(folder: Path, change: Callable[[str], str]) -> None:
    """Each value of each action and condition is checked, and what is wrong is told with its line."""
    load(folder, "rules.yaml", change(ALL_RULES).encode("utf-8", "surrogatepass"), load_rules_file)


@pytest.mark.parametrize("name", shipped_integrations())
@examples(60)
@given(change=yaml_changes())
@example(change=lambda text: "a: &a [x]\n" + text)
def test_settings_with_other_values_are_read_or_refused_by_line(
    folder: Path, name: str, change: Callable[[str], str]
) -> None:
    """Each setting is checked, and what is wrong is told with its line; nothing runs with half of its settings."""
    text = shipped_yaml(name)
    load(folder, f"{name}.yaml", change(text).encode("utf-8", "surrogatepass"), load_settings_file)


@pytest.mark.parametrize("name", shipped_integrations())
@examples(30)
@given(change=byte_changes())
def test_settings_with_other_bytes_are_read_or_refused_by_name(
    folder: Path, name: str, change: Callable[[bytes], bytes]
) -> None:
    """Another encoding, half a file or another line end is never an error of Python."""
    load(folder, f"{name}.yaml", change(shipped_yaml(name).encode()), load_settings_file)


@pytest.mark.parametrize("kind", sorted(LOADERS))
@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_every_hostile_text_in_every_column_of_a_table(folder: Path, kind: str, text: str) -> None:
    """Each text in each cell of the last row, one after the other: read, or refused by line."""
    path = next(path for path in TABLES if path.stem.endswith(kind))
    rows = rows_of(path)
    for column in range(len(rows[0])):
        changed = [*rows[:-1], [*rows[-1][:column], text, *rows[-1][column + 1 :]]]
        load(folder, path.name, csv_bytes(changed), LOADERS[kind])


def test_aliases_that_grow_and_aliases_of_themselves_are_refused() -> None:
    """A file of a kilobyte that means a billion values fills no memory; one that holds itself has no end."""
    grown = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(12)
    )
    for text in (grown, "rules: &r [*r]", "rules: &r {match: *r}", "rules:\n- &r {name: a, match: {sku: {not: *r}}}"):
        found = result_or_error(lambda text=text: _loaded(text), seconds=10)
        assert isinstance(found, SettingsError), text[:40]


def _loaded(text: str) -> Any:
    from billing_providers.engine.rules import load_rules

    return load_rules(text, "rules.yaml")
