"""Contract types that have the same names in every tenant of a PSA."""

from __future__ import annotations

KASEYA_BMS = ("Time and Material", "Recurring Services", "Fixed Price", "Retainer by Amount", "Retainer by Hours")
