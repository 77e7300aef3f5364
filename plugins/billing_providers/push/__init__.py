"""Applying an approved diff, line by line, through the journal.

What it is not: it does not plan, count or choose; every number it writes stands in the diff.

1. *Clearance*: digest, approval and run fit together, or nothing is written.
2. Every change is journalled as ``intended`` before the first request leaves.
3. Per contract: read the live lines once, judge each change (write, already there, stale), journal ``sent``,
   write, journal the answers. Two commits per contract, not per line; writes that wait for long get more. When
   the turn of a request has come, lock and row are looked at once more.
4. What nobody knows (lost answers) is read again at the end; what stays unknown is left for the next try,
   which reads before it writes.
5. *Verification* reads everything back in bulk and registers the lines that are now managed.

Identity: a change is ``change_id`` within a diff's digest; its last journal entry is where it stands.
"""
