"""Parts of the Datto RMM hook: signing in, the read budget, lists in pages, what a device is, and the records made."""
