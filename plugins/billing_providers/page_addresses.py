"""Where the pages are: the addresses by which tasks and mails lead to them.

A task's link is opened in Airflow's own UI, so it begins at the server that the reader is on. A mail is read elsewhere:
it needs the whole address, which only Airflow's setting ``[api] base_url`` tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Self
from urllib.parse import quote, urlencode, urlsplit


@dataclass(frozen=True, slots=True)
class PageAddresses:
    """Addresses of pages.

    :param airflow: where Airflow is, without a slash at its end; empty: at the root of the reader's server.
    """

    airflow: str

    @classmethod
    def in_airflow(cls) -> Self:
        """For links in Airflow's UI: right under whatever name the reader reached it."""
        return cls(urlsplit(_base_url()).path.rstrip("/"))

    @classmethod
    def from_outside(cls) -> Self | None:
        """For mails; None where Airflow does not tell its address: no link is better than a wrong one."""
        base = _base_url()
        return cls(base) if base else None

    def run(self, run_key: str, show: str = "") -> str:
        """What a run came to; ``show`` is its part: customers, lines or findings."""
        return self._of_run("run", run_key, **({"show": show} if show else {}))

    def review(self, run_key: str) -> str:
        """What a run would change, or changed."""
        return self._of_run("review", run_key)

    def findings(self, run_key: str) -> str:
        """What a run found."""
        return f"{self.airflow}/billing/findings?{urlencode({'run': run_key})}"

    def close(self, dag_id: str, period_start: date | None = None) -> str:
        """Whether a period of an integration is ready to invoice; None: the latest one."""
        period = f"?{urlencode({'period': period_start})}" if period_start else ""
        return f"{self.airflow}/billing/close/{quote(dag_id, safe='')}{period}"

    def _of_run(self, page: str, run_key: str, **more: str) -> str:
        dag_id, _, run_id = run_key.partition("/")
        return f"{self.airflow}/billing/{page}?{urlencode({'dag_id': dag_id, 'run_id': run_id, **more})}"


def _base_url() -> str:
    from airflow.configuration import conf

    base = (conf.get("api", "base_url", fallback="") or "").strip().rstrip("/")
    try:
        told = urlsplit(base)
    except ValueError:
        return ""
    return base if told.scheme in {"http", "https"} and told.netloc else ""
