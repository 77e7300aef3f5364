"""What the operators do, each step as one function: load, compute, store, return.

Kept apart from the operators so that parsing a DAG imports neither engine nor ledger nor hooks.
"""
