"""An invoice of Sherweb as a file. That the portal exports one is known, its columns are not: they are ours."""
