"""What the simulated BMS answers where the specification is silent: seen at a live system or a client, or assumed.

``docs/sandbox.md`` prints this table.
"""

from __future__ import annotations

CHOICES: tuple[tuple[str, str, str], ...] = (
    # what, answer, mark
    ("field names in answers", "camelCase; the specification prints PascalCase", "seen: five clients"),
    ("absent `error` of a success", "left out", "assumed"),
    ("access token missing, wrong, expired or revoked", "401, code 978001 `Security Error`", "seen: one client"),
    ("wrong user, password, tenant or MFA code; locked user", "401, code 978001, cause in `details`", "assumed"),
    ("sign-in body", "multipart (specification) and form-urlencoded (clients); JSON is 415", "seen: five clients"),
    ("`GrantType` other than `password`", "400", "assumed"),
    (
        "names of query and form parameters, body fields",
        "compared without regard to case",
        "seen: clients' form fields",
    ),
    ("access token after a refresh", "stays valid until it expires; a refresh token works once", "assumed"),
    ("life of access and refresh token", "15 minutes and one day", "assumed"),
    ("missing right", "403", "assumed"),
    ("numbers in `userAccessRights`", "ours: 101 accounts, 201 contracts, 202 invoices, 301 services", "assumed"),
    ("unknown query parameter or body field", "400 (a real one may ignore it)", "assumed, stricter"),
    ("wrong type, fraction or text for an int32, date that is none", "400, every fault in `subErrors`", "assumed"),
    ("body on a call that takes none", "400", "assumed, stricter"),
    ("content type of a JSON body", "the four of the specification; others 415", "seen: specification"),
    ("unknown path, unknown id", "404 with the envelope", "assumed"),
    ("wrong method", "405 with `Allow`", "assumed"),
    (
        "more than 1500 requests per hour and path template",
        "429 with `Retry-After` in seconds; rolling hour",
        "assumed",
    ),
    ("page size", "default 50, largest 100, larger is 400; 0 means default", "assumed"),
    ("`PageNumber`", "from 1; 0 is an empty page that tells the total", "seen: clients; 0 in one"),
    ("`Sort`", "a field name, optionally `asc` or `desc`; default `Id`", "assumed"),
    ("`Exclude`", "400: not simulated", "assumed"),
    ("text filters", "contain, in any case; `Filter.Status` is equal", "assumed: the less convenient"),
    ("`IsActive` filter of services", "1 active, 0 inactive", "assumed"),
    ("contract status", "`Active` and `Inactive`; an expired one shows only by its end date", "assumed"),
    ("list of open accounts in look-up", "active ones, unless `Filter.WithInactiveAccounts`", "assumed"),
    ("dates", "instants with `Z`, local dates as midnight without zone", "seen: both kinds"),
    ("units", "int32 in, double out", "seen: specification"),
    ("negative units", "400", "assumed"),
    ("effective date", "its date part as written; must lie inside the contract", "assumed"),
    ("units with a later effective date", "show at once in every read", "assumed"),
    ("write to an inactive contract, another contract type, a closed line", "400", "assumed"),
    ("adding several services at once", "all or none; the last one is answered", "assumed"),
    ("adding a service that the contract holds", "second line; setting `bms_repost` switches", "assumed"),
    ("price absent when adding", "0, as .NET leaves it", "assumed"),
    ("invoice ids and statuses in `/details`", "numbers separated by commas", "assumed"),
)
