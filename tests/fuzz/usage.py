"""Each source of the registry as it is connected to the sandbox, and what must hold of whatever it reads."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from billing_providers.engine.intake import check_usage
from billing_providers.engine.snapshot import snapshot_of
from billing_providers.engine.sound_texts import sound_texts
from billing_providers.hooks.sources import source_for
from billing_providers.model.findings import Finding
from billing_providers.model.settings import IntegrationSettings, Policy
from billing_providers.model.source import UsageRead
from billing_providers.registry import SYSTEMS, voice
from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import World
from tests.support.closing import shipped_settings
from tests.support.source_twins import OCTOBER, SOURCE_TWINS

SOURCES = sorted(key for key, entry in SYSTEMS.items() if entry.role == "source")


@contextmanager
def connected(box: SandboxServer) -> Iterator[None]:
    """Point Airflow's connections at a sandbox."""
    known = box.connections()
    environment = {f"AIRFLOW_CONN_{conn_id.upper()}": json.dumps(fields) for conn_id, fields in known.items()}
    with patch.dict(os.environ, environment):
        yield


def settings_of(source: str, world: World, folder: Path) -> IntegrationSettings:
    """Return settings with this source and its file in a folder; a source without twin fails here by name."""
    assert source in SOURCE_TWINS, f"describe {source} in tests/support/source_twins.py"
    return dataclasses.replace(shipped_settings(), source=source, **SOURCE_TWINS[source].settings(world, folder))


def usage_of(settings: IntegrationSettings) -> UsageRead:
    """Read the usage of October through a new source object, as each task does."""
    return source_for(settings).read_usage(OCTOBER)


def check_kept(read: UsageRead, source: str) -> None:
    """Check that a reading can be taken in, named and stored, whatever it holds: nothing of it stops a run."""
    said = voice("kaseya_bms", source)
    read = sound_texts(read)
    intake = check_usage(read, OCTOBER, Policy(), said)
    snapshot = snapshot_of("fuzz", source, OCTOBER, intake, read, taken_at=datetime(2026, 11, 1, tzinfo=UTC))
    for stored in (snapshot, *intake.records, *intake.findings):
        check_storable(stored)
    check_storable(sorted(intake.held_customers.items()))
    for row in read.malformed:
        assert row.position
        assert row.error, f"{row.position}, {row.field}: no reason"
    for finding in intake.findings:
        check_worded(finding)


def check_worded(finding: Finding) -> None:
    """Check that a finding says something, in bounds."""
    assert finding.message
    assert len(finding.message) < 20_000, f"{finding.code} repeats the input: {len(finding.message)} characters"


def check_storable(value: Any) -> None:
    """Check that no text in a value is one that no database and no UTF-8 file can hold."""
    if isinstance(value, str):
        assert "\0" not in value, f"a NUL character in {value[:80]!r}"
        value.encode()
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            check_storable(getattr(value, field.name))
    elif isinstance(value, dict):
        check_storable(list(value.items()))
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            check_storable(inner)
