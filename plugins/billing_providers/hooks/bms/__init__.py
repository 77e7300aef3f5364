"""The parts of the Kaseya BMS hook: sign-in, envelope, bulk reads, and one module per way to write a line.

Facts are from the published API description "BMS API 2.0" (product version 5.58.0, read 2026-08-01), unless a
docstring says otherwise. A fact marked *assumed* was never seen on a live tenant.
"""
