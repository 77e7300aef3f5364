"""The metrics file of Kaseya modules, in every form that an export may have. The modules' own numbers have no API."""
