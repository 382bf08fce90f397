"""The ledger: every parcel ends in exactly one state, and none is forgotten."""

from collections.abc import Iterable

from auditor.model import Parcel
from auditor.report import Account

READ = "message"
AROUND = "around"
CANARY = "planted text"
NO_RULE = "no rule"
STRANGER = "other host"

# What each state means, for people; in the order in which they are shown.
STATES = {
    READ: "a rule read a message in it",
    AROUND: "a rule knows it: typing, receipts, keys and the like, or no message in it",
    CANARY: "no rule knows it, but a planted text was read in it",
    NO_RULE: "sent to a known platform, but no rule knows this request",
    STRANGER: "sent to hosts that no platform here names",
}


class Ledger:
    """Sums of parcels and bytes by state."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}

    def enter(self, state: str, parcel: Parcel) -> None:
        assert state in STATES
        size = Account(1, len(parcel.body))
        self.accounts[state] = self.accounts[state] + size if state in self.accounts else size


def state(told: Iterable[bool], ruled: bool, known: bool) -> str:
    """Of a parcel with these findings, each of which a rule tells, or only a planted text."""
    by_rules = list(told)
    if any(by_rules):
        return READ
    if by_rules:
        return CANARY
    if ruled:
        return AROUND
    return NO_RULE if known else STRANGER
