"""The billing of vendor modules: the Autotask tenant, Datto RMM, and what a right run must make of them."""
