"""What pages for people say: a report and its verdicts in words, whatever the page is made of.

Laws: nothing is decided here and nothing is laid out; strings from captures are passed on as
they are, so a page must make them safe to show.
"""

from collections.abc import Iterable, Iterator, Sequence

from auditor import words
from auditor.excerpts import MASKED
from auditor.grounds import Check, Evidence
from auditor.judge import Verdict
from auditor.model import ROLES, Answer, Direction, Ref
from auditor.peers import Peer
from auditor.report import Capture, Digest, Digests, Report, Sightings, Slice
from auditor.words import count

WAY = {Direction.OUT: "sent", Direction.IN: "received", Direction.ANY: "any"}
CLAIM = {"yes": "agrees", "no": "CONTRADICTED", "better": "better", "cannot tell": "cannot tell"}
_BESIDE_CLAIM = {
    "yes": "this capture agrees",
    "no": "CONTRADICTED by this capture",
    "better": "this capture shows more protection than is claimed",
    "cannot tell": "this capture cannot tell",
}
READ = (Answer.CLEARTEXT, Answer.TRANSPORT_ONLY)
ALIKE = 3  # pieces of evidence of what nobody read
LINE, ABOVE = 60, "as above"  # a text that is longer is told once
LACKS = {"mitmproxy dump": "mitmproxy dump: a dump does not hold the handshakes that the app refused"}
NOTHING_READ = "Nothing was read, so there is nothing to say."
NOTHING_FOUND = "No message was found, and no app that the rules know."

Fact = tuple[str, str, str]  # a platform, a label, a text


def size(number: int) -> str:
    if number < 10_000:
        return f"{number:,} B"
    value, units = float(number), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:,.1f} {units[0]}"


def messages(platform: str, surface: str, direction: Direction) -> str:
    """Which: `dm sent`; of a host that no rule names only texts are known that were planted."""
    kind = "planted text" if platform.startswith(words.STRANGER) else surface
    return kind if direction is Direction.ANY else f"{kind} {WAY[direction]}"


def subject(verdict: Verdict) -> str:
    """Which messages, and of which app where the user said it."""
    told = messages(verdict.platform, verdict.surface, verdict.direction)
    return told + (f" ({verdict.app})" if str(verdict.app) else "")


def about(verdict: Verdict) -> str:
    """Whose messages, and which."""
    return f"{words.whose(verdict.platform)} {subject(verdict)}"


def answer(verdict: Verdict) -> str:
    """The verdict as it stands over its reasons. Never a bare yes."""
    if verdict.verdict is not Answer.END_TO_END:
        return verdict.verdict.value
    passed = sum(check.outcome == "passed" for check in verdict.checks)
    return f"END-TO-END ({passed}/{len(verdict.checks)} checks)"


def claim(verdict: Verdict) -> str:
    return CLAIM[verdict.claim.agrees] if verdict.claim else "no claim"


def facts(verdict: Verdict) -> list[tuple[str, str]]:
    """What there is to say under a verdict's sentence: labels and texts."""
    rows = [("why", verdict.reason)]
    if verdict.verdict in (*READ, Answer.END_TO_END):  # of the others the grade says nothing
        rows.append(("rests on", words.GRADE[verdict.grade]))
    if verdict.detail and verdict.verdict is not Answer.INCONCLUSIVE:  # its reason says it already
        rows.append(("envelope" if verdict.verdict is Answer.END_TO_END else "note", verdict.detail))
    if verdict.verdict is Answer.END_TO_END:
        rows += _checks(verdict.checks)
    if verdict.claim:
        says = "; ".join(verdict.claim.claims)
        rows.append(("provider says", f"{says}: {_BESIDE_CLAIM[verdict.claim.agrees]}"))
    rows.append(("would change it", verdict.would_change))
    rows += [("limits" if number == 0 else "", limit) for number, limit in enumerate(verdict.limits)]
    return rows


def block(verdict: Verdict, told: set[Fact]) -> list[tuple[str, str]]:
    """All of that and the evidence; what takes room and was told of its platform is not told again."""
    rows, label = [], ""
    for head, text in facts(verdict):
        label = head or label
        fact = (verdict.platform, label, text)
        mark = "- " if label == "limits" else ""
        rows.append((label, ABOVE if len(text) > LINE and fact in told else mark + text))
        told.add(fact)
    rows = list(dict.fromkeys(rows))
    end = next((at for at, (label, _) in enumerate(rows) if label == "limits"), len(rows))
    rows[end:end] = _cited(verdict)
    return [("" if at and rows[at - 1][0] == label else label, text) for at, (label, text) in enumerate(rows)]


def _cited(verdict: Verdict) -> Iterable[tuple[str, str]]:
    """Bytes that nobody opened look alike; of texts that were read every one counts."""
    cited = verdict.evidence if verdict.verdict in READ else verdict.evidence[:ALIKE]
    for number, item in enumerate(cited, 1):
        yield from ((f"evidence {number}", line) for line in evidence(item))
    if (found := sum(verdict.counts.values())) > len(cited) > 0:
        yield "", f"these are {len(cited)} of {found:,}: --evidence FILE writes down all"


def _checks(checks: tuple[Check, ...]) -> list[tuple[str, str]]:
    told: dict[str, list[str]] = {"passed": [], "failed": [], "not run": []}
    for check in checks:
        told[check.outcome].append(f"{check.name} ({check.note})")
    return [(label, ", ".join(names)) for label, names in told.items() if names]


def evidence(item: Evidence) -> list[str]:
    """What was seen; where it lay; in which parcel; what else there is to say."""
    excerpt = f": {item.excerpt}" if item.excerpt else ""
    trail = f" (opened: {' > '.join(item.trail)})" if item.trail else ""
    offset = "" if item.offset is None else f", offset {item.offset:,}"
    lines = [
        f"{item.content}, {item.grade}{excerpt}",
        f"{item.ref}{offset}, by the rule {item.rule}",
        f"at {item.path}{trail}" if item.path else trail.strip(),
        item.note,
    ]
    return [line for line in lines if line]


def around(report: Report) -> list[tuple[str, str, str, str, str]]:
    """Platform, what, way, how often, and what the far end learns; rules are folded."""
    table: dict[tuple[str, str, Direction], Sightings] = {}
    for sight, sums in report.whole().sightings:
        key = (sight.platform, sight.surface, sight.direction)
        table[key] = table[key] + sums if key in table else sums
    return [
        (key[0], key[1], WAY[key[2]], f"{sums.count:,}", sees(sums)) for key, sums in sorted(table.items())
    ]


def sees(sums: Sightings) -> str:
    """`sender, time (3 of 5)`, in the order of the closed list."""
    known = [role for role in ROLES if role in sums.sees]
    roles = [*known, *sorted(set(sums.sees) - set(known))]
    shown = [
        role if sums.sees[role] >= sums.count else f"{role} ({sums.sees[role]:,} of {sums.count:,})"
        for role in roles
    ]
    return ", ".join(shown) or "only that it happens"


def digest(kind: Digest, sums: Digests) -> str:
    said = words.digest(kind.algorithm, kind.text, kind.direction, kind.host)
    return f"{said} ({first(sums.refs, sums.count)})"


def far_end(peer: Peer) -> str:
    return f"{peer.host}:{peer.port}" if peer.port else peer.host


def warnings(report: Report) -> list[str]:
    """What connections show that nobody should miss: that something protects nothing, or hides everything."""
    sums: dict[tuple[str, str], int] = {}
    for _, one in report.whole().contacts:
        for fact in one.facts:
            if fact[0] in ("weak", "vpn"):
                sums[fact] = sums.get(fact, 0) + one.count
    return [f"{value} ({count(number, 'connection')})" for (_, value), number in sorted(sums.items())]


def first(refs: Iterable[Ref], total: int) -> str:
    names = [str(ref) for ref in refs]
    rest = total - len(names)
    return ", ".join(names) + (f" and {rest:,} more" if rest > 0 else "")


def read(one: Slice) -> str:
    """One capture in one line."""
    file = one.capture
    unread = f", {size(file.unread)} of it unreadable" if file.unread else ""
    planted = f", {count(one.planted, 'planted text')} looked for" if one.planted else ""
    entries = sum(end - start for start, end in one.covers)
    hashed = f", sha256 {file.sha256[:12]}" if file.sha256 else ""
    return f"{file.name}: {file.kind}, {size(file.size)}{unread}, {_entries(entries)}{planted}{hashed}"


def _entries(number: int) -> str:
    return "1 entry" if number == 1 else f"{number:,} entries"


def remarks(files: Iterable[Capture]) -> Iterable[str]:
    """What else there is to say of captures, each thing once."""
    told: dict[str, None] = {}
    for file in files:
        told |= dict.fromkeys(f"{old} is audited as {new}, at your word" for old, new in file.renamed)
        told |= {f"{file.name}: {file.note}": None} if file.note else {}
        told |= {LACKS[file.kind]: None} if file.kind in LACKS else {}
    return told


def again(cited: Sequence[Evidence]) -> list[str]:
    """How a stranger finds the evidence of a page, and what stands behind it."""
    item = cited[0]
    lines = [f"{item.ref} is a place: {_parts(item.ref)}."]
    if any(one.offset is not None for one in cited):
        lines.append("offset: so many bytes into the body of that message the value begins.")
    if any(one.excerpt.endswith(MASKED) for one in cited):
        lines.append("Texts that you did not plant are masked; --reveal shows them.")
    if item.rule != "planted-text":
        lines.append(
            f"auditor explain {item.rule} says what that rule looks at, and how this is known; with"
            " --in CAPTURE, why it reads what lies there."
        )
    lines.append(f"auditor explain {item.grade} says what that word means, and so of the others here.")
    return lines


def _parts(ref: str) -> str:
    """What a place says, as far as this one does: `phone.pcap#8.27<@20`."""
    where = ref.rpartition("#")[2]
    entry = (
        "after # the packet with which the connection begins, as Wireshark counts them"
        if "@" in where
        else "after # the number of the entry (the first is 0)"
    )
    inside = ", after the dot the message inside it (the first is 0)" if "." in where else ""
    begins = ", after @ the packet in which the message begins" if "@" in where else ""
    return f"the capture, {entry}{inside}, then > for what the app sent or < for what it received{begins}"


def total(report: Report) -> str:
    """All that was read, in one line."""
    entries = sum(end - start for one in report.by_capture() for start, end in one.covers)
    return f"{count(len(report.by_capture()), 'capture')}, {_entries(entries)}: {met(report)}."


def met(report: Report) -> str:
    """What was opened and what was not."""
    opened, shut = _met(report)
    return f"{count(opened, 'parcel')} opened, {count(shut, 'connection')} that stayed shut"


def _met(report: Report) -> tuple[int, int]:
    whole = report.whole()
    shut = sum(sums.count for peer, sums in whole.contacts if words.stays_shut(peer.reason))
    return sum(account.parcels for _, account in whole.ledger), shut


def try_next(report: Report) -> Iterator[str]:
    """What to do where no message was found: it depends on what was."""
    opened, shut = _met(report)
    unread = any(trouble.kind != "weak text" for trouble, _ in report.whole().troubles)
    if unread and not (opened or shut):
        yield "See below what could not be read: was the whole file copied, and is it the one that you meant?"
    if shut and any(one.capture.kind.startswith("pcap") for one in report.slices):
        yield (
            f"{count(shut, 'connection')} stayed shut: see below why. A key log opens TLS and QUIC: --keylog"
            " FILE; browsers, curl and Python write one with SSLKEYLOGFILE=FILE. Else record again where a"
            " proxy opens them: auditor live."
        )
    elif shut:
        yield (
            f"{count(shut, 'connection')} stayed shut: see below why; of a session of auditor live, auditor"
            " doctor FOLDER says what to do."
        )
    if opened:
        yield (
            f"{count(opened, 'parcel')} went to hosts that no rule names: auditor contacts CAPTURE lists"
            " them. If the app's are among them, send texts that you choose and look for them with --canary"
            " TEXT; auditor draft makes the beginnings of a rule."
        )
        yield "If one of the hosts is your own, say whose place it takes: --as HOST=NAME."
    if not (opened or shut):
        yield "Record while messages are sent and received: auditor live, or auditor sniff for a network."
