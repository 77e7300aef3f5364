"""What the simulated Datto RMM does where the public facts are silent. ``docs/sandbox.md`` prints this table."""

from __future__ import annotations

CHOICES: tuple[tuple[str, str, str], ...] = (
    ("sign-in", "`POST /auth/oauth/token`, form, Basic `public-client:public`, password grant", "seen: five clients"),
    ("wrong client", "401 `unauthorized`", "assumed"),
    ("wrong key or secret, another grant", "400 `invalid_grant`, `unsupported_grant_type`", "assumed, as OAuth has it"),
    ("life of a token", "100 hours; setting `datto_token_s`", "seen: help"),
    ("token missing, wrong, expired", "401", "seen: description"),
    ("a new sign-in", "older tokens stay valid until they expire", "assumed"),
    ("body of an error", "`timestamp`, `status`, `error`, `path`; the path without `/api`", "seen: description"),
    ("`/v2/system/status`", "needs no token, counts as no read", "seen: description; count: assumed"),
    ("missing right", "403", "seen: description"),
    ("more than 600 reads in 60 s", "429 with `Retry-After`; counted for the account", "seen; header: one client"),
    (
        "persistent breach",
        "403 to everything for 5 minutes, after more than 50 refused reads in 60 s",
        "seen; 50: assumed",
    ),
    ("refused reads", "count for the breach, not for the limit", "assumed"),
    ("`accountCutOffRatio`", "0.9, without effect", "seen: one account; effect: assumed"),
    ("`page`", "from 0", "seen: two clients"),
    ("`max`", "250 unless told, a larger one is capped without a word", "seen: 250; capped: assumed"),
    ("page past the last", "no rows, no next page", "assumed"),
    ("`nextPageUrl`", "a whole address with all parameters", "seen: clients"),
    ("`filterId`", "it alone decides; unknown: 404", "seen: description"),
    ("`siteName`, `hostname`, `deviceType`, `operatingSystem`", "contain the text, in any case", "seen; case: assumed"),
    ("unknown query parameter", "400", "assumed, stricter"),
    ("instants", "milliseconds, though described as text; setting `datto_instants_as_text`", "seen: one account"),
    ("absent values", "null", "seen: one account"),
    ("uid of the site Deleted Devices", "no GUID", "seen: notes of one client"),
    (
        "deleted devices",
        "listed with `deleted`; in their site for 30 days, then in Deleted Devices, gone after 90",
        "assumed",
    ),
    ("filters and deleted devices", "no filter finds them", "assumed"),
    ("members of the group `_NotBillable_`", "found by a custom filter of this name alone", "assumed"),
    ("unapproved devices", "not listed", "assumed"),
    ("words of `deviceType.category`", "Desktop, Laptop, Server, Smartphone, Tablet, Printer, …", "assumed"),
    ("`numberOfDevices` of a site", "all kinds, phones and `_NotBillable_` too, without deleted ones", "assumed"),
    ("day", "that of the clock, in UTC; there is no history", "seen: no operation takes a date"),
)
