"""Carries each billing period's vendor usage into the recurring contract lines of a PSA."""

from __future__ import annotations

__version__ = "0.1.0"
