"""Autotask PSA: signing in, zones, queries, reading and adjusting the services of contracts.

What it is not: no client for the whole API. Of more than 1,400 paths it uses those that a billing run needs.
"""
