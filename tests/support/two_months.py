"""An MSP whose September was closed and whose October was rehearsed and closed, with pages that read its ledger."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from billing_providers.ledger.ledger import Ledger
from billing_providers.pages.ledger_of_pages import opened_ledger
from tests.support.closing import Closing, closing
from tests.support.pages import ADMIN, client
from tests.support.pipeline import Pipeline

DAG = "atria_to_kaseya_bms"
LINK = "https://psa.example/contracts/{contract_id}?line={line_id}"


@dataclass
class TwoMonths:
    """The closing and its runs."""

    closing: Closing
    september: Pipeline
    rehearsed: Pipeline
    october: Pipeline

    @property
    def ledger(self) -> Ledger:
        """The ledger that the pages read."""
        return opened_ledger()


@contextmanager
def two_months(folder: Path) -> Iterator[TwoMonths]:
    """Yield both periods, closed."""
    with closing(folder, DAG) as made:
        opened_ledger.cache_clear()
        made.change(contract_link=LINK)
        september = made.close("september", billing_period="2026-09-15")
        rehearsed = made.run("rehearsed", billing_period="2026-10-15", dry_run=True)
        rehearsed.plan()
        rehearsed.report()
        october = made.close("october", billing_period="2026-10-15")
        yield TwoMonths(made, september, rehearsed, october)
        opened_ledger().close()
    opened_ledger.cache_clear()


def shown(path: str, status: int = 200) -> str:
    """Return a page below /billing as people read it: one line, no entities."""
    answer = client(ADMIN).get(f"/billing{path}")
    assert answer.status_code == status, answer.text[-800:]
    return unescape(re.sub(r"\s+", " ", answer.text))


def rows_of(page: str, caption: str) -> list[str]:
    """Return the rows of the body of the table with a caption."""
    table = page.partition(f"<caption>{caption}")[2].partition("</table>")[0]
    return table.partition("<tbody>")[2].split("<tr>")[1:]
