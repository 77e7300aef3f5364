"""What the simulated Autotask answers: seen in the vendor's help, in clients or in a live tenant; or assumed.

``docs/sandbox.md`` prints this table.
"""

from __future__ import annotations

AT_CHOICES: tuple[tuple[str, str, str], ...] = (
    # what, answer, mark
    # Way in
    ("`zoneInformation`", "needs `user` and no headers; `url` ends with a slash", "seen: clients, vendor's help"),
    ("unknown user in `zoneInformation`", "500, `Zone information could not be determined`", "seen: one client"),
    ("paths", "compared without regard to case", "seen: clients write both"),
    ("another zone than the tenant's, or none", "401; setting `at_old_zone_status`: 404", "assumed"),
    ("header missing, wrong user or secret", "401", "seen: vendor's help; text assumed"),
    ("wrong integration code", "500, `IntegrationCode is invalid.`", "seen: one client"),
    ("secrets after the fault `revoke_token`", "not valid until a reset: there are no tokens", "assumed"),
    ("restricted security level", "contracts, lines, units, posted items: empty, no error", "seen: vendor's help"),
    ("restricted security level, adjusting", "500", "seen: it is blocked; answer assumed"),
    ("security level that cannot read costs", "`unitCost`, `cost`, `ourCost` are null", "seen: it exists; assumed"),
    ("order of checks", "path, zone, headers, hourly limit, threads, handler", "assumed"),
    ("`VersionInformation`", "without headers, beside `V1.0`", "seen: specification; without headers: assumed"),
    # Limits
    ("fourth call at once on one endpoint", "429, `Itgenatr005`; setting `at_thread_status`: 500", "seen: one client"),
    ("what shares threads", "all calls on one entity, metadata and child paths too", "seen; child: assumed"),
    (
        "10,000 calls in a rolling hour",
        "429, no `Retry-After`; refused calls and `zoneInformation` do not count",
        "seen: vendor's help; answer assumed",
    ),
    ("`ThresholdInformation`", "counts itself", "seen: one client"),
    ("slower answers above half of the limit", "not simulated", "assumed"),
    # Queries
    ("unknown operator or field", "**ignored: the query returns more, or everything**", "seen: one client's changelog"),
    ("the same with `at_strict_queries`", "500; either way `ignored-by-autotask` tells", "assumed: a help for tests"),
    ("`isActive` of an entity without it", "500", "seen: one client; text assumed"),
    ("no filter, or an empty one", "500", "assumed"),
    ("more than 500 OR conditions", "500, text as seen; values of `in` and `notIn` count", "seen; `notIn` assumed"),
    ("`MaxRecords`", "1 to 500, default 500; anything else 500", "seen; answer assumed"),
    ("further pages", "`nextPageUrl` with the same method and body", "seen: one client"),
    ("another method or body for a further page", "500", "assumed"),
    ("pages kept", "the 50 most recent ones of all callers; older ones 500", "seen: 50; rest assumed"),
    ("a result while it is paged", "as it was at the first page", "assumed"),
    ("page after the last one", "not offered, `nextPageUrl` is null", "assumed"),
    ("`IncludeFields` without `id`, more than 500 results", "500", "seen: vendor's help; answer assumed"),
    ("GET with an address longer than 2,048", "404", "seen: a limit; answer assumed"),
    ("text or label for a number", "500, `Conversion failed when converting …`", "seen: one client"),
    ("null as a value; true and false as 1 and 0", "500", "seen: vendor's help; text assumed"),
    ("texts", "compared without regard to case", "assumed, as in the database"),
    ("null in a comparison", "neither equal nor different", "assumed, as in SQL"),
    ("`lineItemFullDescription` and others", "filtering is an error", "seen: vendor's help; text assumed"),
    ("wrong verb, unknown path, unknown id", "405, 404, 404", "seen: three clients"),
    ("content type of a body", "`application/json`, else 415", "assumed"),
    ("dates in answers", "`YYYY-MM-DDT00:00:00Z`; instants in whole seconds", "seen: UTC; form assumed"),
    # Units
    ("billing periods", "from the anchor day on; short ones at both ends of the contract", "assumed"),
    ("rows of units", "one per period, future ones too, until the contract ends", "seen: two clients"),
    ("`price` and `cost` of a row", "for all units of the row", "seen: one client's live row"),
    ("a change inside a period", "splits its row at that day; both parts prorated by days", "seen: help; days assumed"),
    ("a change and later rows", "they carry it too; changes add up", "seen: one client"),
    ("id of a split row", "the first part keeps it", "assumed"),
    ("read rows after an adjustment", "at once; setting `at_apply_delay_s`: late", "assumed"),
    # Adjusting
    ("answer", '`{"itemId": null}`; nothing to query, edit or delete', "seen: one client, specification"),
    ("effective date with a time or an offset", "its date part as written", "seen: help's prose; a copy disagrees"),
    ("effective date outside of the contract", "500, text as seen", "seen: one client; of bundles assumed"),
    ("effective date missing", "500", "seen: it is required; text assumed"),
    ("effective date not after the last posted row", "500, text of the UI", "seen in the UI; assumed of the API"),
    ("fewer than no units on any later day", "500, text with `negative`", "seen: the word; rest assumed"),
    (
        "second adjustment of a line for one day",
        "500, text as seen; setting `at_same_date`: the last one takes its place",
        "seen: both, by different clients",
    ),
    ("`contractID` and `serviceID` of no line", "puts it on; setting `at_missing_line`: 500", "seen: vendor's help"),
    ("`contractID` and `serviceID` of two lines", "the one with the lowest id", "assumed"),
    ("`allowRepeatService`", "a second line", "seen: one client"),
    ("`contractServiceID` of another contract", "500", "assumed"),
    ("inactive service that is not on the contract", "500", "assumed"),
    ("contract of another type", "500", "seen: type 7 is required; text assumed"),
    ("inactive contract", "taken: it is billed too", "seen: it is billed; taking assumed"),
    ("unit change that is no int32; wrong types", "500", "assumed, stricter"),
    ("unknown names in a body", "ignored; refused with `at_strict_queries`", "assumed"),
    ("unit change absent", "0: only the price changes", "seen: one client"),
    ("price of a bundle", "`adjustedUnitPrice` is taken", "seen: specification; the help denies it"),
    ("`PATCH` of a line", "`invoiceDescription` only, at the child path", "seen: one client"),
    # Posting
    ("approve and post", "no call; `post-periods` of the control plane", "seen: specification"),
    ("item of a posted row", "one per row, `contractServicePeriodID` is the row's id", "assumed"),
    ("`billingItemType`", "ours: 4 charge, 7 recurring service, 8 bundle", "assumed: not verified"),
)  # fmt: skip
