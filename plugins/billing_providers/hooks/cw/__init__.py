"""The parts of the ConnectWise PSA hook: keys, codebase, paging, bundles, bulk reads, and the one way to write a line.

Facts are from the published API description "ConnectWise Manage Public Endpoints" 2025.8, unless a docstring says
otherwise. *Seen*: in public clients or vendors' pages. *Inferred* and *assumed*: never seen on a live tenant.
"""
