"""A Chromium for the tests that walk the pages. CI has one; elsewhere they tell that it is missing, and are skipped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM, PICTURES = "BILLING_TEST_CHROMIUM", "BILLING_TEST_PICTURES"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The system's browser, without a window."""
    program = os.environ.get(CHROMIUM) or shutil.which("chromium")
    if not program:
        words = f"there is no Chromium: run scripts/ensure-chromium, or name its program in {CHROMIUM}"
        pytest.fail(words) if os.environ.get("CI") else pytest.skip(words)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Chromium refuses to keep its pages in a sandbox of their own for root, as whom CI runs.
        opened = playwright.chromium.launch(executable_path=program, chromium_sandbox=os.getuid() != 0)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of what was seen are kept."""
    folder = Path(os.environ[PICTURES]) if PICTURES in os.environ else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
