"""What axe, the accessibility checker, says of a page."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe

GRAVE = {"serious", "critical"}


def barriers(shown: Any) -> list[str]:
    """Return what keeps people from reading or using a page, one line per rule.

    :param shown: a page or a frame of Playwright.
    """
    violations = Axe().run(shown).response["violations"]
    return [
        f"{one['id']}: {one['help']}, at {[node['html'][:120] for node in one['nodes'][:3]]}"
        for one in violations
        if one["impact"] in GRAVE
    ]
