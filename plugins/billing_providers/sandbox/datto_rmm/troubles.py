"""Answers of the simulated Datto RMM that are wrong on demand."""

from __future__ import annotations

from typing import Any

_LISTS = ("sites", "devices", "filters")


def with_other_total(content: Any, by: int) -> Any:
    """Raise the stated total of a list; other answers stay as they are."""
    if "pageDetails" in content:
        content["pageDetails"]["totalCount"] += by
    return content


def shortened(content: Any, by: int) -> Any:
    """Drop the last rows of a page; its details stay."""
    content.update({name: content[name][:-by] for name in _LISTS if name in content})
    return content


def lied(content: Any, delta: int) -> Any:
    """Change the number of devices of every site, and say of the first devices that they are deleted."""
    for site in content.get("sites", []):
        site["devicesStatus"]["numberOfDevices"] += delta
    for device in content.get("devices", [])[: abs(delta)]:
        device["deleted"] = not device["deleted"]
    return content
