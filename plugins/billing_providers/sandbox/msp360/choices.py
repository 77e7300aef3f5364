"""What the simulated MSP360 does where the public facts are silent. ``docs/sandbox.md`` prints this table."""

from __future__ import annotations

CHOICES: tuple[tuple[str, str, str], ...] = (
    ("sign-in", "`POST /api/Provider/Login`, JSON or form, `UserName` and `Password`", "seen: vendor module, help"),
    ("wrong login or password", "403", "seen: one client treats it so"),
    ("password shorter than 3 or longer than 100", "400", "seen: help states the lengths"),
    ("answer of the sign-in", "`access_token`, `token_type`, `expires_in`", "seen: the first; assumed: the others"),
    ("life of a token", "two weeks; setting `msp360_token_s`", "seen: vendor page"),
    ("token missing, wrong, expired", "401", "assumed"),
    ("a new sign-in", "older tokens stay valid until they expire", "assumed"),
    ("body of an error", "JSON with `Message`", "seen: one client"),
    ("current month", "that of the clock, in UTC", "assumed"),
    ("`Date`", "any instant; its month in UTC. Null, absent or empty: the current month", "seen: help; assumed: UTC"),
    ("month in the future", "no rows, all totals 0", "assumed"),
    ("current month before its end", "the figures of the whole month", "assumed, simpler"),
    ("`CompanyName` null, absent or empty", "all companies", "seen: one client"),
    ("`CompanyName` of no company", "no rows, all totals 0", "assumed"),
    ("`CompanyName` is compared", "exactly", "assumed"),
    ("company renamed", "lists have the new name, rows of months before that month the old one", "assumed"),
    ("user deleted", "no longer in the list; its billing rows remain", "assumed"),
    ("user without company", "`Company` and `CompanyName` are empty", "assumed"),
    ("totals of an answer", "sums of its rows; `CurrentSpaceUsed` is what is stored", "assumed"),
    ("unit of all sizes", "bytes", "seen: details; assumed: the others"),
    ("details of a user without rows in the month", "0 and no rows", "assumed"),
    ("unknown user id", "404", "assumed"),
    ("licences", "as they are now; no month can be asked for", "seen: help has no date"),
    ("`isAvailable`", "true: not taken, false: taken", "assumed"),
    (
        "paging",
        "`/api/Computers/{offset}/{count}` alone; `count` 1 to 1000; `Count` is of all",
        "seen; assumed: limits",
    ),
    ("unknown query parameter, body field, wrong type", "400", "assumed, stricter"),
    ("names in bodies", "compared exactly", "assumed, stricter"),
    ("content type of a body", "JSON; the sign-in also form; others 415", "seen: vendor module"),
    ("unknown path", "404", "assumed"),
)
