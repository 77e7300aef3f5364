"""The twin of Meterline, a vendor that does not exist: proof that a usage endpoint needs configuration alone.

Everything about it is invented: nested rows, amounts as text, a total, a flag of completeness, three ways of paging.
"""
