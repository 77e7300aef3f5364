"""What of an integration's settings changed since another run, key by key."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

from billing_providers.model.settings import IntegrationSettings

_ABSENT = "(absent)"


def told_settings(settings: IntegrationSettings, files: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return all settings as text by key, ``policy.prorate`` for a part of a part.

    :param files: what each file holds (its digest) by the setting that names it.
    """
    told = dict(_flat("", dataclasses.asdict(settings)))
    told |= {f"{name} (content)": digest for name, digest in files.items()}
    return tuple(sorted(told.items()))


def settings_changes(before: tuple[tuple[str, str], ...], after: tuple[tuple[str, str], ...]) -> list[str]:
    """Return the changes in words, by key."""
    old, new = dict(before), dict(after)
    return [
        f"{key}: {old.get(key, _ABSENT)} → {new.get(key, _ABSENT)}"
        for key in sorted({*old, *new})
        if old.get(key, _ABSENT) != new.get(key, _ABSENT)
    ]


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), inner)
    elif isinstance(value, tuple | list):
        yield prefix, json.dumps([str(inner) for inner in value], ensure_ascii=False)
    else:
        yield prefix, "" if value is None else str(value)
