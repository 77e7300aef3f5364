"""The settings under which a DAG ran: one entry each time that they differ from those of the run before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SettingsEntry:
    """One state of the settings. ``settings``: (key, value) as text, sorted by key; files by what they hold."""

    dag_id: str
    seq: int  # from 1 on
    run_key: str  # the first run with these settings
    started_by: str  # who started that run; empty: the schedule
    at: datetime  # aware, UTC
    settings: tuple[tuple[str, str], ...]
