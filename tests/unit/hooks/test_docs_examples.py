"""What the pages tell people to paste is accepted as it stands, and tells the truth about the defaults."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from billing_providers.hooks.atria import ANSWER_NAMES, ROW_NAMES
from billing_providers.hooks.atria_report import HEADINGS
from billing_providers.hooks.bms.line_api import LineApiSettings, line_api_settings
from billing_providers.hooks.usage_fields import field_names

DOCS = Path(__file__).parents[3] / "docs"


def example(page: str) -> dict[str, Any]:
    (found,) = re.findall(r"```json\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    pasted: dict[str, Any] = json.loads(found)
    return pasted


def test_the_line_api_on_the_page_is_the_default() -> None:
    """Whoever pastes it gets the calls that the word default stands for."""
    assert line_api_settings(example("kaseya-bms.md"), "page") == LineApiSettings()


def test_the_field_map_on_the_page_is_accepted() -> None:
    """Every field that it names exists."""
    pasted = example("atria.md")

    assert field_names({**ROW_NAMES, **ANSWER_NAMES}, pasted, where="page").items() >= pasted.items()


def test_the_page_names_every_field_and_its_defaults() -> None:
    """A field that nobody can find cannot be mapped."""
    page = (DOCS / "atria.md").read_text(encoding="utf-8")

    assert [field for field in (*ROW_NAMES, *ANSWER_NAMES) if f"`{field}`" not in page] == []
    same = {"assigned", "enabled", "total"}
    names = [name for name in (*ROW_NAMES.values(), *ANSWER_NAMES.values()) if name not in same]
    assert [name for name in names if f"`{name}`" not in page] == []
    assert [heading for heading in HEADINGS.values() if heading not in page] == []
