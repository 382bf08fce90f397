"""Every budget is exceeded once: it says so, and once it is lifted the same input passes.

Captures and rules are hostile, so what they can make the program do is bounded. Each number in
auditor/ that bounds it stands in BUDGETS with something that is beyond it; the other numbers
stand in OTHERS with what they are. Lifting shows that it was the budget that spoke.
"""

import ast
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from auditor.errors import CaptureError, RuleError, TooMuch
from auditor.rulebook.build import BuildError
from tests.budgets.captures import READING
from tests.budgets.decoders import DECODING
from tests.budgets.made import Budget
from tests.budgets.packets import WALKING
from tests.budgets.rules import KEEPING, RULES
from tests.budgets.streams import STREAMING

PACKAGE = Path(__file__).parents[1] / "auditor"

BUDGETS = [*DECODING, *STREAMING, *READING, *RULES, *KEEPING, *WALKING]

# Numbers that bound nothing: (what they are): where they stand.
OTHERS = {
    "from where on something is believed or tested, so that raising it believes less": """
        decoders/base64.py _SHORTEST, decoders/brotli.py _SHORT, decoders/deflate.py _TEXT,
        decoders/protobuf.py _PLAUSIBLE, decoders/protobuf.py _LEVELS, decoders/protobuf.py _PROOF,
        fragments.py SHORT, streams/mtproto_obfuscated.py _PLAIN,
        needles.py SHORTEST, pieces.py SHORTEST, probes/canaries.py _LETTER, probes/canaries.py ENOUGH,
        randomness.py _DEVIATIONS, randomness.py _DEVIATIONS_PAIRS, randomness.py _CHANCE,
        rulebook/book.py SMALLEST_SEAL, rulebook/contents.py TESTABLE, rulebook/shut.py _SHORTEST,
        rulebook/shut.py _WHOLE, rulebook/shut.py _DIFFERENT""",
    "a number of a format": """
        sources/pcap/classic.py HEADER, sources/pcap/columns.py ETHERNET, sources/pcap/columns.py LOOP,
        sources/pcap/columns.py NULL, sources/pcap/columns.py PPP, sources/pcap/columns.py RAW,
        sources/pcap/columns.py SLL, sources/pcap/columns.py SLL2, sources/pcap/columns.py _SERVICES,
        sources/pcap/ends.py KEY_BITS, sources/pcap/fragments.py _LONGEST, sources/pcap/links.py CISCO,
        sources/pcap/links.py ETHERNET, sources/pcap/links.py FRAMES, sources/pcap/links.py IPV4,
        sources/pcap/links.py IPV6, sources/pcap/links.py MPLS, sources/pcap/links.py MPLS_UP,
        sources/pcap/links.py PPP, sources/pcap/links.py PPPOE, sources/pcap/links.py TAGS,
        sources/pcap/links.py _NAMING, sources/pcap/nested.py GRE, sources/pcap/nested.py IPIP,
        sources/pcap/nested.py WIDE, sources/pcap/nested.py _BRIDGED, sources/pcap/nested.py _ETHERNET,
        sources/pcap/nested.py _DIALLED, sources/pcap/nested.py _PPP,
        sources/pcap/nested.py _MIRRORED, sources/pcap/nested.py _RAW, sources/pcap/notes.py DECRYPTION,
        sources/pcap/notes.py NAMES, sources/pcap/notes.py _COMMENT,
        sources/pcap/notes.py _OFFSET, sources/pcap/notes.py _RESOLUTION, sources/pcap/notes.py _TLS,
        sources/pcap/packets.py _AUTHENTICATED, sources/pcap/packets.py _FRAGMENT,
        sources/pcap/packets.py _OPTIONS, sources/pcap/pcapng.py INTERFACE,
        sources/pcap/pcapng.py OLD_PACKET, sources/pcap/pcapng.py PACKET, sources/pcap/pcapng.py SECTION,
        sources/pcap/pcapng.py SIMPLE, sources/pcap/pcapng.py _BILLION, sources/pcap/pcapng.py _MAGIC,
        sources/pcap/pcapng.py _SMALLEST, sources/pcap/rows.py _LOW,
        decoders/telegram_tl.py _VECTOR, decoders/telegram_tl.py _CONTAINER, decoders/telegram_tl.py _PACKED,
        decoders/telegram_tl.py _HEADER, decoders/telegram_tl.py _PADDING, streams/apns.py _TOPIC,
        streams/apns.py _PAYLOAD, streams/apns.py _SEND, streams/mtproto_obfuscated.py _SIZE,
        streams/zstd_stream.py LONGEST,
        decoders/base64.py _WIDTHS, decoders/grpc.py _HEADER, decoders/lz4.py _MASK, decoders/lz4.py _P1,
        decoders/lz4.py _P2, decoders/lz4.py _P3, decoders/lz4.py _P4, decoders/lz4.py _P5,
        decoders/pblite.py _LAST, decoders/plist.py _TRAILER, decoders/protobuf.py _LAST,
        decoders/quoted_printable.py _WIDTH, decoders/thrift_compact.py _MESSAGE, report.py SCHEMA,
        rulebook/shape.py COUNTER, sources/exchange.py _BODILESS, sources/flows.py FORMAT,
        sources/journal.py _TAIL, sources/parcels.py VERSION, sources/records.py VERSION,
        rulebook/seals/saltpack.py _BLOCK, rulebook/seals/web_push.py _KEY""",
    "a sign for what is no value, or for a kind of it": """
        sources/pcap/columns.py _LEFT, sources/pcap/flows.py BOTH, sources/pcap/flows.py GUESS,
        sources/pcap/flows.py ONE, sources/pcap/flows.py OVER, sources/pcap/flows.py SHUT,
        sources/pcap/flows.py TWO, sources/pcap/flows.py UNDECIDED, sources/pcap/flows.py WANTED,
        sources/pcap/links.py NOTHING, sources/pcap/nested.py CARRIES, sources/pcap/nested.py _EMPTY,
        sources/pcap/nested.py PIECE, sources/pcap/pcapng.py _UNKNOWN,
        decoders/unwrap.py ANY_START, streams/zstd_stream.py NOT_BLOCKS""",
    "how much is taken at once, and by how many, which changes no result": """
        sources/pcap/columns.py DEPTH, sources/pcap/columns.py HEAD, sources/pcap/flows.py IDLE,
        sources/pcap/packed.py _STEP, sources/pcap/window.py MOST, sources/pcap/window.py SLACK,
        cli/shares.py LARGE, cli/shares.py MOST, hiding.py REMEMBERED, sources/heads.py STRETCH,
        streams/zstd_stream.py _STEP,
        decoders/brotli.py _STEP, decoders/gzip.py _WINDOW, decoders/zstd.py _STEP, sources/tape.py CHUNK""",
    "how a page, an excerpt, a warning or an error looks": """
        probes/canaries.py MUCH,
        excerpts.py _FIRST, reporters/json.py _LONGEST, reporters/terminal.py NARROWEST,
        reporters/terminal.py FILE, reporters/terminal.py WIDEST, reporters/terminal.py PROSE,
        reporters/terminal.py MOST, reporters/terminal.py LEAST, reporters/terminal.py GAP,
        rulebook/fields.py SHOWN, rulebook/match.py _SHOWN, report.py KEPT_REFS, cli/progress.py PATIENCE""",
    "how many samples a rule is tested with": "rulebook/selftest.py SAMPLES",
}
TYPES = re.compile(  # numbers that stand for a kind of value
    r"decoders/(?:thrift_\w+|whatsapp_nodes)\.py _(?!DEPTH)[A-Z0-9_]+"
    r"|rulebook/seals/(?:loco|mmtls|openpgp|qq_sso|smime|whatsapp_noise|xchat)\.py _[A-Z]+"
)


def told(exceed: Callable[[Path], object], folder: Path) -> str:
    try:
        return str(exceed(folder))
    except (ValueError, TooMuch, CaptureError, RuleError, BuildError) as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("budget", BUDGETS, ids=lambda b: f"{b.name} {getattr(b.holder, '__name__', '')}")
def test_a_budget_that_is_exceeded_is_what_says_so(
    budget: Budget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = budget.attribute or budget.name.split()[1]
    if budget.low is not None:
        monkeypatch.setattr(budget.holder, name, budget.low)
    assert re.search(budget.sign, told(budget.exceed, tmp_path))
    monkeypatch.setattr(budget.holder, name, budget.lifted)
    assert not re.search(budget.sign, told(budget.exceed, tmp_path))


def numbers(file: Path) -> Iterable[str]:
    """The names of a module's numbers, but for those that order or select parts."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        leaves = [n for n in ast.walk(node.value) if not isinstance(n, ast.expr_context | ast.operator)]
        plain = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.USub, ast.Tuple)
        if not all(isinstance(n, plain) for n in leaves):
            continue
        if any(isinstance(n, ast.Constant) and not isinstance(n.value, int | float) for n in leaves):
            continue
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            yield from (n.id for n in ast.walk(target) if isinstance(n, ast.Name) and n.id.isupper())


def test_every_number_is_a_budget_or_says_what_it_is() -> None:
    found = {
        f"{file.relative_to(PACKAGE).as_posix()} {n}" for file in PACKAGE.rglob("*.py") for n in numbers(file)
    }
    others = {name.strip() for names in OTHERS.values() for name in names.split(",")}
    budgets = {budget.name for budget in BUDGETS}
    assert not budgets & others
    left = {name for name in found - budgets - others if not TYPES.fullmatch(name)}
    assert left == set()
    assert (budgets | others) - found == set()
