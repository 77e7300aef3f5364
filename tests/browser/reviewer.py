"""A billing reviewer at the browser: sees what Airflow shows, clicks what a person clicks, and keeps pictures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

WAIT_MS = 120_000  # a loaded machine is not a fault
LAPTOP, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}


class Reviewer:
    """A person with one window.

    :param page: the window, see Playwright's ``Page``.
    :param url: where Airflow answers.
    """

    def __init__(self, page: Any, url: str, pictures: Path) -> None:
        self.page = page
        self.url = url
        self.faults: list[str] = []  # what the browser refused or could not load
        self._pictures = pictures
        self._taken = 0
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda told: self._listen(told.type, told.text))

    @property
    def billing(self) -> Any:
        """Our pages, in the frame in which Airflow shows them."""
        return self.page.frame_locator("iframe[title=Billing]")

    def sign_in(self, user: str, password: str) -> None:
        """Sign in on Airflow's own page."""
        self.page.goto(self.url)
        self.page.locator("input[name=username]").fill(user)
        self.page.locator("input[name=password]").fill(password)
        self.page.keyboard.press("Enter")
        self.page.get_by_role("link", name="Billing").wait_for()

    def open_billing(self) -> None:
        """Open our first page: from Airflow's navigation, or from ours where that is shown already."""
        if "/plugin/billing" in self.page.url:
            self.follow("Close")
        else:
            self.page.get_by_role("link", name="Billing").first.click()
        self.sees("Close")

    def follow(self, name: str | re.Pattern[str], within: Any = None) -> None:
        """Click the first link with a name on our page, or in a part of it, and wait for where it leads."""
        link = (within or self.billing).get_by_role("link", name=name).first
        with self.frame().expect_navigation():
            link.click()

    def leave(self, name: str) -> None:
        """Click a link on our page that leads out of Airflow's frame, and wait until that is gone."""
        self.billing.get_by_role("link", name=name).first.click()
        self.page.locator("iframe[title=Billing]").wait_for(state="detached")

    def press(self, name: str | re.Pattern[str]) -> None:
        """Press a button on our page, and wait for what it leads to."""
        with self.frame().expect_navigation():
            self.billing.get_by_role("button", name=name).first.click()

    def search(self, words: str) -> None:
        """Search on our page."""
        self.billing.get_by_label("Search").fill(words)
        self.press("Show")

    def sees(self, heading: str | re.Pattern[str]) -> None:
        """Wait for a page of ours, by its heading."""
        self.billing.get_by_role("heading", level=1, name=heading).wait_for()

    def row(self, words: str) -> Any:
        """The first table row that holds some words."""
        return self.billing.locator("tbody tr").filter(has_text=words).first

    def picture(self, of: str) -> None:
        """Keep a picture of what is seen."""
        self._taken += 1
        self.page.screenshot(path=self._pictures / f"{self._taken:02}-{of}.png")

    def take_along(self, link: str) -> Path:
        """Follow a link on our page that gives a file; return where it is."""
        with self.page.expect_download() as download:
            self.billing.get_by_role("link", name=link).first.click()
        return Path(download.value.path())

    def frame(self) -> Any:
        """The frame itself, which knows when it has gone elsewhere."""
        return self.page.locator("iframe[title=Billing]").element_handle().content_frame()

    def _listen(self, kind: str, text: str) -> None:
        """Keep what concerns our pages; Airflow's own asks who is there before anybody has signed in."""
        if kind == "error" and "401 (Unauthorized)" not in text:
            self.faults.append(text)
