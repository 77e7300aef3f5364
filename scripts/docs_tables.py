"""Writes the tables of docs/ out of the code that they describe, or checks that they are what it says.

A table stands between ``<!-- table: name -->`` and ``<!-- end of table -->``. The prose around it is written by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, Field, fields
from datetime import timedelta
from enum import Enum
from inspect import getdoc
from pathlib import Path
from typing import Any, get_type_hints

from billing_providers.engine import line_terms as line_terms_module
from billing_providers.engine import movement as movement_module
from billing_providers.engine.invoice_text import VARIABLES
from billing_providers.engine.line_terms import COLUMNS, IncludedAs, LineMode, PriceMode
from billing_providers.engine.reconciliation.columns import COLUMNS as RECONCILIATION
from billing_providers.model.finding_kinds import FINDING_KINDS
from billing_providers.model.findings import FindingKind
from billing_providers.model.movement import KINDS
from billing_providers.model.periods import BillingCalendar
from billing_providers.model.reconciliation import CAUSE_WORDS, Cause
from billing_providers.model.settings import Guards, IntegrationSettings, Policy
from billing_providers.registry import SYSTEMS, System

DOCS = Path(__file__).resolve().parents[1] / "docs"
_TABLE = re.compile(r"(<!-- table: (?P<name>[a-z_ ]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def main(arguments: Sequence[str]) -> int:
    """Write or check; return 1 when a page was stale under ``--check``."""
    if list(arguments) not in (["--check"], ["--write"]):
        print("usage: python -m scripts.docs_tables --check | --write", file=sys.stderr)
        return 2
    stale = {page: text for page, text in pages() if page.read_text(encoding="utf-8") != text}
    for page, text in stale.items():
        print(f"{'stale' if '--check' in arguments else 'written'}: docs/{page.name}")
        if "--write" in arguments:
            page.write_text(text, encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


def pages() -> Iterable[tuple[Path, str]]:
    """Return each page that holds tables, with the text that it should have.

    :raises KeyError: for a table that nobody makes.
    """
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if _TABLE.search(text):
            yield page, _TABLE.sub(lambda found: f"{found[1]}{TABLES[found['name']]()}{found[3]}", text)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(_cell(cell) for cell in line) + " |\n" for line in lines)


def findings() -> str:
    """Every finding code, with the words for Kaseya BMS and Atria."""
    heads = ("code", "level", "about", "when", "message", "what to do")
    return table(heads, (_finding_row(kind) for kind in FINDING_KINDS.values()))


def connections() -> str:
    """Every connection type of ours and the fields of its form."""
    ours = (system for system in SYSTEMS.values() if system.conn_type and not system.foreign_form)
    rows = [row for system in ours for row in _connection_rows(system)]
    return table(("connection", "field", "meaning", "required"), rows)


def settings_of(settings_class: type[Any]) -> str:
    """The fields of a settings class, described by its docstring."""
    hints, described = get_type_hints(settings_class), _described(settings_class)
    rows = [
        (f"`{field.name}`", _allowed(hints[field.name]), _default(field), described[field.name])
        for field in fields(settings_class)
    ]
    return table(("setting", "kind", "default", "meaning"), rows)


def line_terms() -> str:
    """Every column of the table of line terms, as its module describes it.

    :raises ValueError: for a column or a value that the module's docstring does not name.
    """
    rows = _described_columns(getdoc(line_terms_module) or "")
    told = {word for row in rows for cell in row for word in re.findall(r"`(\w+)`", cell)}
    values = {member.value for kind in (LineMode, PriceMode, IncludedAs) for member in kind}
    if silent := (set(COLUMNS) | values) - told:
        raise ValueError(f"the description of the line terms does not name {', '.join(sorted(silent))}")
    return table(("column", "meaning"), rows)


def movement_kinds() -> str:
    """What moves when: the kinds of the movement table."""
    heads = ("kind", "for", "trigger", "delay", "takes effect from")
    return table(
        heads, ((f"`{kind.value}`", told.what, told.trigger, told.delay, told.dated) for kind, told in KINDS.items())
    )


def movement_columns() -> str:
    """Every column of the movement table, as its module describes it."""
    return table(("column", "meaning"), _described_columns(getdoc(movement_module) or ""))


def invoice_variables() -> str:
    """Every variable of an invoice text."""
    return table(("variable", "stands for"), ((f"`{{{name}}}`", text) for name, text in VARIABLES.items()))


def reconciliation_columns() -> str:
    """Every column of the reconciliation report."""
    return table(("column", "meaning"), ((f"`{name}`", meaning) for name, meaning, _ in RECONCILIATION))


def reconciliation_causes() -> str:
    """Every cause of a difference in that report."""
    return table(("cause", "meaning"), ((f"`{cause.value}`", CAUSE_WORDS[cause]) for cause in Cause))


TABLES: dict[str, Callable[[], str]] = {
    "findings": findings,
    "connections": connections,
    "integration settings": lambda: settings_of(IntegrationSettings),
    "billing calendar": lambda: settings_of(BillingCalendar),
    "policy": lambda: settings_of(Policy),
    "guards": lambda: settings_of(Guards),
    "line terms": line_terms,
    "invoice variables": invoice_variables,
    "reconciliation columns": reconciliation_columns,
    "reconciliation causes": reconciliation_causes,
    "movement kinds": movement_kinds,
    "movement columns": movement_columns,
}


def _finding_row(kind: FindingKind) -> Sequence[str]:
    texts = [_spoken(text) for text in (kind.template, kind.resolution)]
    return (f"KS{kind.number:02d}", kind.level.value, kind.scope.value, kind.when, *texts)


def _spoken(template: str) -> str:
    """Return a template with the names of the systems filled in and the other values shown as *names*."""
    text = template.replace("{psa}", "Kaseya").replace("{source}", "Atria").replace("{suggestion}", "").strip()
    return re.sub(r"\{(\w+)\}", lambda found: f"*{found[1].replace('_', ' ')}*", text)


def _connection_rows(system: System) -> Iterable[Sequence[str]]:
    name = f"`{system.default_conn_id}`"
    base = f"default `{system.host_default}`" if system.host_default else f"e.g. `{system.host_placeholder}`"
    yield name, "host", f"base URL, {base}", "" if system.host_default else "yes"
    for field, label in (("login", system.login_label), ("password", system.password_label)):
        if label:
            yield name, field, label, "yes"
    for extra in system.fields:
        hidden = " (masked)" if extra.secret else ""
        yield (
            name,
            f"extra `{extra.key}`",
            f"{extra.label}: {extra.description}{hidden}",
            "yes" if extra.required else "",
        )


def _described(settings_class: type[Any]) -> dict[str, str]:
    """Return the ``:param name:`` texts of a class's docstring."""
    doc = getdoc(settings_class) or ""
    found = re.findall(r"^:param (\w+): (.*?)(?=^:|\Z)", doc, re.DOTALL | re.MULTILINE)
    return {name: _as_markdown(" ".join(text.split())) for name, text in found}


def _described_columns(doc: str) -> list[tuple[str, str]]:
    """Return the rows of a docstring's table; a line that starts with a blank goes on with the row above it."""
    described: list[tuple[str, str]] = []
    _, rows, _ = re.split(r"^=+ +=+$", doc, flags=re.MULTILINE)
    for line in rows.strip().splitlines():
        name, _, text = line.partition(" ")
        if not name:
            name, before = described.pop()
            text = f"{before} {text.strip()}"
        described.append((name, text.strip()))
    return [(_as_markdown(name), _as_markdown(re.sub(r" \(:mod:`[^`]*`\)", "", text))) for name, text in described]


def _as_markdown(text: str) -> str:
    return text.replace("``", "`")


def _allowed(hint: Any) -> str:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return ", ".join(f"`{member.value}`" for member in hint)
    names = {
        "str": "text",
        "int": "whole number",
        "bool": "yes or no",
        "timedelta": "duration",
        "date": "date",
        "Decimal": "decimal",
    }
    parts = [getattr(part, "__name__", str(part)) for part in getattr(hint, "__args__", (hint,))]
    if getattr(hint, "__origin__", None) is tuple:
        kind = hint.__args__[0]
        return "list of texts" if kind is str else f"list of {_allowed(kind)}"
    spoken = [names.get(part, f"`{part}`") for part in parts if part != "NoneType"]
    if getattr(hint, "__origin__", None) is dict:
        return "table of options"
    return " or ".join(spoken) + (", or none" if "NoneType" in parts else "")


def _default(field: Field[Any]) -> str:
    value = field.default if field.default_factory is MISSING else field.default_factory()
    if value is MISSING:
        return "required"
    if isinstance(value, timedelta):
        minutes = value.total_seconds() / 60
        return f"{minutes / 60:g} h" if minutes >= 60 else f"{minutes:g} min"
    if isinstance(value, Guards | Policy | BillingCalendar):
        return "see below"
    if isinstance(value, tuple) and value:
        return ", ".join(f"`{entry}`" for entry in value)
    return f"`{value}`" if value not in ("", (), {}) else "empty"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
