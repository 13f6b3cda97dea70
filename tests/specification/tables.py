"""Who may take which step in which status: docs/life-cycle.md as two tables, stated apart from the product's own.

A new step is a line here, and what it does a line in `steps.py`.
"""

from __future__ import annotations

from typing import Final

STATUSES: Final = (
    "received", "escalated", "reopened", "acknowledged", "in_progress", "waiting_for_reporter",
    "resolved", "rejected", "closed", "withdrawn",
)  # fmt: skip
UNANSWERED: Final = STATUSES[:3]
HELD: Final = STATUSES[:5]
OPEN: Final = STATUSES[:6]
ENDS: Final = frozenset({"rejected", "closed", "withdrawn"})
"""Where no clock runs."""

AUTHORITIES: Final = """
              received  escalated  reopened  acknowledged  in_progress  waiting  resolved  rejected  closed  withdrawn
acknowledge   holder    holder     holder    -             -            -        -         -         -       -
start         -         -          -         any           -            -        -         -         -       -
ask           holder    holder     holder    holder        holder       -        -         -         -       -
reply         any       any        any       any           any          any      any       -         -       -
note          any       any        any       any           any          any      any       -         -       -
resolve       -         -          -         any           any          any      -         -         -       -
reject        holder    holder     holder    holder        holder       holder   -         -         -       -
transfer      holder    holder     holder    holder        holder       -        -         -         -       -
reclassify    holder    holder     holder    holder        holder       -        -         -         -       -
merge         holder    holder     holder    holder        holder       -        -         -         -       -
split         duplicate duplicate  duplicate duplicate     duplicate    -        -         -         -       -
assign        holder    holder     holder    holder        holder       holder   -         -         -       -
unassign      holder    holder     holder    holder        holder       holder   -         -         -       -
"""
"""`any`: whoever sees it, which are the holder and the authorities below, who were late. `duplicate`: the holder of one."""

REPORTER: Final = """
              received  escalated  reopened  acknowledged  in_progress  waiting  resolved  rejected  closed  withdrawn
edit          untouched -          -         -             -            -        -         -         -       -
withdraw      untouched -          -         -             -            -        -         -         -       -
messages      yes       yes        yes       yes           yes          yes      yes       -         -       -
confirm       -         -          -         -             -            -        yes       -         -       -
not-fixed     -         -          -         -             -            -        yes       in time   -       -
"""
"""`untouched`: never escalated, passed on or merged. `in time`: within fourteen days, once."""


def read(table: str) -> dict[tuple[str, str], str]:
    """(step, status) → who, for the cells that are not empty."""
    _, *lines = table.strip().splitlines()
    found = {}
    for line in lines:
        step, *cells = line.replace("in time", "in-time").split()
        for status, who in zip(STATUSES, cells, strict=True):
            if who != "-":
                found[step, status] = who
    return found


BY_AUTHORITY: Final = read(AUTHORITIES)
BY_REPORTER: Final = read(REPORTER)
AGENCY_STEPS: Final = tuple(dict.fromkeys(step for step, _ in BY_AUTHORITY))
REPORTER_STEPS: Final = tuple(dict.fromkeys(step for step, _ in BY_REPORTER))
CODE_STEPS: Final = tuple(step for step in REPORTER_STEPS if step != "edit")
"""By the tracking code alone everything but editing."""

OF_A_DUPLICATE: Final = frozenset({"reply", "note", "split"})
"""What authorities may do with one that is open; all else they do with its parent, for both."""
WITH_UPLOADS: Final = frozenset({"ask", "reply", "note", "resolve", "messages", "not-fixed"})
CANNED: Final = frozenset({"acknowledge", "ask", "reply", "resolve", "reject"})
"""Steps that can be said with an answer that the agency keeps."""

EVENTS: Final = {
    "acknowledge": "acknowledged", "start": "started", "ask": "asked", "reply": "replied", "note": "noted",
    "resolve": "resolved", "reject": "rejected", "transfer": "transferred", "reclassify": "reclassified",
    "merge": "merged", "split": "split",
    "assign": "assigned", "unassign": "assigned", "edit": "edited", "withdraw": "withdrawn", "messages": "commented",
    "confirm": "confirmed", "not-fixed": "reopened",
}  # fmt: skip
"""What a step is called in a history."""
INTERNAL: Final = frozenset({"noted", "assigned", "joined"})
"""The authorities' own affair."""
OWN_DOING: Final = frozenset({"edited", "withdrawn", "commented", "answered", "confirmed"})
"""What the reporter did, and is not told of."""
