"""Every budget is exceeded once: it says so, and once it is lifted the same input passes.

Captures and rules are hostile, so what they can make the program do is bounded. Each number in
auditor/ that bounds it stands in BUDGETS with something that is beyond it; the other numbers
stand in OTHERS with what they are. Lifting shows that it was the budget that spoke.
"""

import ast
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from auditor.errors import CaptureError, RuleError, TooMuch
from auditor.rulebook.build import BuildError
from tests import budgets
from tests.budgets.made import Budget

PACKAGE = Path(__file__).parents[1] / "auditor"

BUDGETS = [  # every list of them in tests/budgets/
    budget
    for room in pkgutil.iter_modules(budgets.__path__, f"{budgets.__name__}.")
    for kept in vars(importlib.import_module(room.name)).values()
    if isinstance(kept, list)
    for budget in kept
    if isinstance(budget, Budget)
]

# Numbers that bound nothing: (what they are): where they stand.
OTHERS = {
    "how long a certificate authority lasts, and a phone may take to ask": """
        live/authority.py BEFORE,
        live/authority.py DAYS,
        live/page.py PATIENCE""",
    "how many hosts are told apart, where more would be more in doubt": """
        doubts.py NEAR""",
    "how good the tests of rules must be": """
        cli/check.py LEAST_NOTICED,
        cli/check.py MOST_EXPLAINED""",
    "what anything small weighs in memory": """
        sources/pcap/datagrams.py AROUND,
        sources/pcap/legs.py AROUND,
        sources/pcap/replay/websocket.py AROUND""",
    "how far back a second telling is compared with the first": """
        sources/pcap/assembly.py _TAIL""",
    "from where on something is believed or tested, so that raising it believes less": """
        decoders/base64.py _SHORTEST,
        decoders/brotli.py _SHORT,
        decoders/deflate.py _TEXT,
        decoders/protobuf.py _LEVELS,
        decoders/protobuf.py _PLAUSIBLE,
        decoders/protobuf.py _PROOF,
        fragments.py SHORT,
        live/doctor.py SKEW,
        live/pins.py HASTE,
        needles.py SHORTEST,
        pieces.py SHORTEST,
        probes/canaries.py ENOUGH,
        probes/canaries.py _LETTER,
        randomness.py _CHANCE,
        randomness.py _DEVIATIONS,
        randomness.py _DEVIATIONS_PAIRS,
        randomness.py _PIECES,
        rulebook/book.py SMALLEST_SEAL,
        rulebook/contents.py SHORT,
        rulebook/contents.py TESTABLE,
        rulebook/keyring.py PROOF,
        rulebook/lengths.py BETWEEN,
        rulebook/lengths.py FEWEST,
        rulebook/lengths.py MANY,
        rulebook/lengths.py SCALES,
        rulebook/lengths.py SLACK,
        rulebook/lengths.py SPREAD,
        rulebook/lints/hosts.py _PLAIN,
        rulebook/shut.py _BLOCK,
        rulebook/shut.py _DIFFERENT,
        rulebook/shut.py _LEAST,
        rulebook/shut.py _LOOKED,
        rulebook/shut.py _SHORTEST,
        rulebook/shut.py _STRETCH,
        rulebook/shut.py _WHOLE,
        rulebook/transport.py ENOUGH,
        sources/pcap/media.py ENOUGH,
        sources/pcap/vpn.py ENOUGH,
        sources/pcap/vpn.py _DAY,
        streams/mtproto_obfuscated.py _PLAIN""",
    "a number of a format": """
        cli/__init__.py SEEN_ENOUGH,
        rulebook/keyring.py KEYS,
        rulebook/keyring.py NONCES,
        rulebook/keyring.py TAG,
        rulebook/keyring.py _CODED,
        rulebook/megolm.py _MAC,
        rulebook/megolm.py _PART,
        rulebook/megolm.py _SIGNATURE,
        rulebook/nacl.py NONCE,
        rulebook/nacl.py _CHACHA,
        rulebook/nacl.py _MASK,
        rulebook/nacl.py _SALSA,
        live/probe.py _EACH_TIME,
        live/probe.py _ECH,
        live/watch.py _DOT,
        decoders/dgw.py _ACK,
        decoders/dgw.py _BEGIN,
        decoders/dgw.py _DATA,
        decoders/dgw.py _DRAIN,
        decoders/dgw.py _END,
        decoders/dgw.py _TYPED,
        decoders/dgw.py _WANTED,
        decoders/threema_csp.py _MESSAGES,
        decoders/threema_csp.py _NONCE,
        sources/mitm.py _CLOSE,
        sources/pcap/onlooker.py _HALF,
        sources/pcap/onlooker.py _TURN,
        sources/pcap/packed.py _MAGIC,
        sources/pcap/nested.py _DIALLED,
        sources/pcap/nested.py _EMPTY,
        sources/pcap/nested.py _PPP,
        decoders/base64.py _WIDTHS,
        decoders/grpc.py _HEADER,
        decoders/lz4.py _MASK,
        decoders/lz4.py _P1,
        decoders/lz4.py _P2,
        decoders/lz4.py _P3,
        decoders/lz4.py _P4,
        decoders/lz4.py _P5,
        decoders/pblite.py _LAST,
        decoders/plist.py _TRAILER,
        decoders/protobuf.py _LAST,
        decoders/quoted_printable.py _WIDTH,
        decoders/sms.py _HEADER,
        decoders/sms.py _NAMED,
        decoders/sms.py _REPORT,
        decoders/telegram_tl.py _CONTAINER,
        decoders/telegram_tl.py _HEADER,
        decoders/telegram_tl.py _PACKED,
        decoders/telegram_tl.py _PADDING,
        decoders/telegram_tl.py _VECTOR,
        decoders/thrift_compact.py _MESSAGE,
        gsm.py _ESCAPE,
        notices/json.py SCHEMA,
        report.py SCHEMA,
        reporters/contacts.py BEYOND,
        reporters/json.py _BEYOND,
        rulebook/seals/saltpack.py _BLOCK,
        rulebook/seals/web_push.py _KEY,
        rulebook/shape.py COUNTER,
        sources/exchange.py _BODILESS,
        sources/flows.py FORMAT,
        sources/beside.py _TAIL,
        sources/parcels.py VERSION,
        sources/pcap/assembly.py _TURN,
        sources/pcap/glance.py _HALF,
        sources/pcap/glance.py _TURN,
        sources/pcap/onlooker.py _HALF,
        sources/pcap/onlooker.py _TURN,
        sources/pcap/classic.py HEADER,
        sources/pcap/columns.py ETHERNET,
        sources/pcap/columns.py LOOP,
        sources/pcap/columns.py NULL,
        sources/pcap/columns.py PPP,
        sources/pcap/columns.py RAW,
        sources/pcap/columns.py SLL,
        sources/pcap/columns.py SLL2,
        sources/pcap/columns.py _SERVICES,
        sources/pcap/dns.py LONGEST,
        sources/pcap/dtls.py _LATEST,
        sources/pcap/ends.py KEY_BITS,
        sources/pcap/fragments.py _LONGEST,
        sources/pcap/keys.py _EXCHANGE,
        sources/pcap/keys.py _RANDOM,
        sources/pcap/links.py CISCO,
        sources/pcap/links.py ETHERNET,
        sources/pcap/links.py FRAMES,
        sources/pcap/links.py IPV4,
        sources/pcap/links.py IPV6,
        sources/pcap/links.py MPLS,
        sources/pcap/links.py MPLS_UP,
        sources/pcap/links.py PPP,
        sources/pcap/links.py PPPOE,
        sources/pcap/links.py TAGS,
        sources/pcap/links.py SEVERAL,
        sources/pcap/links.py _NAMING,
        sources/pcap/nested.py GRE,
        sources/pcap/nested.py IPIP,
        sources/pcap/nested.py WIDE,
        sources/pcap/nested.py _BRIDGED,
        sources/pcap/nested.py _ETHERNET,
        sources/pcap/nested.py _MIRRORED,
        sources/pcap/nested.py _RAW,
        sources/pcap/notes.py DECRYPTION,
        sources/pcap/notes.py NAMES,
        sources/pcap/notes.py _COMMENT,
        sources/pcap/notes.py _OFFSET,
        sources/pcap/notes.py _RESOLUTION,
        sources/pcap/notes.py _TLS,
        sources/pcap/packets.py _AUTHENTICATED,
        sources/pcap/packets.py _FRAGMENT,
        sources/pcap/packets.py _OPTIONS,
        sources/pcap/pcapng.py INTERFACE,
        sources/pcap/pcapng.py OLD_PACKET,
        sources/pcap/pcapng.py PACKET,
        sources/pcap/pcapng.py SECTION,
        sources/pcap/pcapng.py SIMPLE,
        sources/pcap/pcapng.py _BILLION,
        sources/pcap/pcapng.py _MAGIC,
        sources/pcap/pcapng.py _SMALLEST,
        sources/pcap/reader.py _ETHERNET,
        sources/pcap/records.py LONGEST,
        sources/pcap/replay/http2.py _CONTINUATION,
        sources/pcap/replay/http2.py _DATA,
        sources/pcap/replay/http2.py _HEADERS,
        sources/pcap/replay/http2.py _LARGEST,
        sources/pcap/replay/http2.py _MANY,
        sources/pcap/replay/http2.py _PROMISE,
        sources/pcap/replay/http2.py _RESET,
        sources/pcap/replay/http2.py _WINDOW,
        sources/pcap/replay/websocket.py _BINARY,
        sources/pcap/replay/websocket.py _CLOSE,
        sources/pcap/replay/websocket.py _SIGN,
        sources/pcap/replay/websocket.py _SIGNS_OF_LIFE,
        sources/pcap/replay/websocket.py _TEXT,
        sources/pcap/rows.py _LOW,
        sources/pcap/unlock/side.py _SMALLEST,
        sources/pcap/vpn.py _LONGEST_BANNER,
        sources/records.py VERSION,
        sources/sniff.py _IGNORE_OUTGOING,
        sources/sniff.py _SOL_PACKET,
        streams/apns.py _PAYLOAD,
        streams/apns.py _SEND,
        streams/apns.py _TOPIC,
        streams/mqtt.py _FLAGGED,
        streams/mqtt.py _GIVEN,
        streams/mqtt.py _SENT,
        streams/mtproto_obfuscated.py _SIZE,
        streams/oscar.py _DATA,
        streams/oscar.py _FRAME,
        streams/oscar.py _OPENS,
        streams/oscar.py _SNAC,
        streams/smpp.py _ANSWER,
        streams/smpp.py _BINDS,
        streams/smpp.py _BYTES,
        streams/smpp.py _HEADED,
        streams/smpp.py _HEADER,
        streams/smpp.py _PAYLOAD,
        streams/smpp.py _RECEIPT,
        streams/smpp.py _TEXTS,
        streams/ymsg.py _HEADER,
        streams/zstd_stream.py LONGEST""",
    "a number of QUIC or HTTP/3": """
        sources/pcap/http3/__init__.py _CONTROL,
        sources/pcap/http3/__init__.py _ENCODER,
        sources/pcap/http3/__init__.py _OF_SESSION,
        sources/pcap/http3/__init__.py _PUSH,
        sources/pcap/http3/__init__.py _TABLE_SIZE,
        sources/pcap/http3/framed.py DATA,
        sources/pcap/http3/framed.py HEADERS,
        sources/pcap/http3/framed.py OF_SESSION,
        sources/pcap/http3/framed.py PROMISE,
        sources/pcap/http3/framed.py SETTINGS,
        sources/pcap/http3/framed.py _STARTED,
        sources/pcap/quic/connections.py _FIXED,
        sources/pcap/quic/frames.py _GOOGLE_CRYPTO,
        sources/pcap/quic/frames.py _PADDING,
        sources/pcap/quic/frames.py _RANGES,
        sources/pcap/quic/google.py _BITS,
        sources/pcap/quic/google.py _HASH,
        sources/pcap/quic/google.py _LAST_SHORT,
        sources/pcap/quic/google.py _LONG,
        sources/pcap/quic/google.py _NUMBERS,
        sources/pcap/quic/google.py _OFFSET,
        sources/pcap/quic/google.py _PRIME,
        sources/pcap/quic/google.py _SIDED,
        sources/pcap/quic/handshake.py CLIENT_HELLO,
        sources/pcap/quic/handshake.py ENCRYPTED_EXTENSIONS,
        sources/pcap/quic/handshake.py SERVER_HELLO,
        sources/pcap/quic/handshake.py _HEADER,
        sources/pcap/quic/headers.py _LONGEST_ID,
        sources/pcap/quic/headers.py _TAG,
        sources/pcap/quic/outside.py _DATAGRAMS,
        sources/pcap/quic/outside.py _MEANINGLESS,
        sources/pcap/quic/outside.py _OLD_PARAMETERS,
        sources/pcap/quic/outside.py _USER_AGENT,
        sources/pcap/quic/protection.py _RESERVED,
        sources/pcap/quic/protection.py _SAMPLE,
        sources/pcap/quic/protection.py _TAG,
        sources/pcap/quic/streams.py DATAGRAM,
        sources/pcap/quic/versions.py NEGOTIATION""",
    "guesses that a tag checks, and what an id is believed by": """
        sources/pcap/quic/connections.py _SHORTEST,
        sources/pcap/quic/lock.py _AWAY""",
    "what something weighs in memory": """
        sources/pcap/http3/exchange.py AROUND,
        sources/pcap/http3/tables.py _AROUND""",
    "how much is taken at once, and by how many, which changes no result": """
        cli/spread.py MOST,
        cli/__init__.py RARELY,
        cli/spread.py WORTH,
        cli/shares.py LARGE,
        cli/shares.py MOST,
        cli/shares.py QUICK,
        sources/pcap/lanes.py LANES,
        decoders/brotli.py _STEP,
        decoders/gzip.py _WINDOW,
        decoders/zstd.py _STEP,
        facts.py REMEMBERED,
        hiding.py REMEMBERED,
        live/analyst.py BITE,
        live/analyst.py COSTLY,
        live/analyst.py EVERY,
        live/analyst.py MEEK,
        live/analyst.py SPARE,
        piles.py FASTEST,
        piles.py HELD,
        piles.py RUNS,
        piles.py TOGETHER,
        recall.py NAME,
        reporters/json.py AT_ONCE,
        live/analyst.py STEP,
        live/analyst.py WAIT,
        live/keys.py WAIT,
        live/listener.py PATIENCE,
        live/view.py PACE,
        needles.py _FEW,
        needles.py _START,
        rulebook/keyring.py LARGE,
        rulebook/keyring.py SLOW,
        rulebook/transport.py REMEMBERED,
        sources/__init__.py WAIT,
        sources/__init__.py _BLOCK,
        sources/heads.py STRETCH,
        sources/keylogs.py _START,
        sources/pcap/packed.py _MAGIC,
        sources/pcap/columns.py DEPTH,
        sources/pcap/columns.py HEAD,
        sources/pcap/dns.py REMEMBERED,
        sources/pcap/crowd.py AT_ONCE,
        sources/pcap/crowd.py TOGETHER,
        sources/pcap/flows.py IDLE,
        sources/pcap/glance.py REACH,
        sources/pcap/glance.py TURNS,
        sources/pcap/hello.py REMEMBERED,
        sources/pcap/hello.py SHORT,
        sources/pcap/ja4.py MOST,
        sources/pcap/packed.py _STEP,
        sources/pcap/replay/http1.py _STEP,
        sources/pcap/replay/websocket.py _STEP,
        sources/pcap/shown.py REMEMBERED,
        sources/pcap/views.py ALIKE,
        sources/pcap/views.py HELD,
        sources/pcap/window.py MOST,
        sources/pcap/window.py SLACK,
        sources/raw.py MOST,
        sources/sniff.py BUFFER,
        sources/sniff.py WAIT,
        sources/tape.py CHUNK,
        sources/tape.py WORTH,
        streams/zstd_stream.py _STEP,
        stretches.py NEAR""",
    "a sign for what is no value, or for a kind of it": """
        decoders/unwrap.py ANY_START,
        sources/pcap/columns.py _LEFT,
        sources/pcap/crowd.py CLIENT_ONE,
        sources/pcap/crowd.py PHONE_ONE,
        sources/pcap/crowd.py PHONE_TWO,
        sources/pcap/crowd.py SETTLED,
        sources/pcap/flows.py BOTH,
        sources/pcap/flows.py GUESS,
        sources/pcap/flows.py ONE,
        sources/pcap/flows.py OVER,
        sources/pcap/flows.py SHUT,
        sources/pcap/flows.py TORN,
        sources/pcap/flows.py TWO,
        sources/pcap/flows.py UNDECIDED,
        sources/pcap/flows.py WANTED,
        sources/pcap/links.py NOTHING,
        sources/pcap/nested.py CARRIES,
        sources/pcap/nested.py PIECE,
        sources/pcap/pcapng.py _UNKNOWN,
        sources/pcap/readers.py UNKNOWN,
        streams/zstd_stream.py NOT_BLOCKS""",
    "how a page, an excerpt, a warning or an error looks": """
        rulebook/drafts.py MOST,
        rulebook/lengths.py SHOWN,
        rulebook/dangers.py WORDS,
        cli/explain.py NEAREST,
        cli/progress.py OFTEN,
        cli/progress.py PATIENCE,
        excerpts.py _FIRST,
        facts.py KEPT,
        notices/terminal.py _MOST,
        notices/terminal.py _WIDTH,
        probes/canaries.py MUCH,
        model.py KEPT_REFS,
        reporters/contacts.py LEAST,
        reporters/contacts.py OTHERS,
        reporters/contacts.py WIDEST,
        reporters/contacts.py _RIGHT,
        reporters/json.py _LONGEST,
        reporters/phrases.py ALIKE,
        reporters/summary.py LEAST,
        reporters/summary.py MOST,
        reporters/terminal.py FILE,
        reporters/terminal.py GAP,
        reporters/terminal.py LEAST,
        live/view.py ANSWER,
        live/view.py ENOUGH,
        live/view.py LOW,
        live/view.py NARROWEST,
        live/view.py WIDEST,
        reporters/terminal.py MOST,
        reporters/terminal.py NARROW,
        reporters/terminal.py NARROWEST,
        reporters/terminal.py PROSE,
        reporters/terminal.py WIDEST,
        rulebook/fields.py SHOWN,
        rulebook/keyring.py SHOWN,
        rulebook/lints/files.py _TITLE,
        rulebook/match.py _SHOWN,
        sources/pcap/certificates.py LONGEST,
        sources/pcap/quic/outside.py _SHOWN,
        sources/phones.py SHOWN,
        sources/pcap/shown.py LONGEST,
        sources/pcap/shown.py MOST_LISTED""",
    "how many samples a rule is tested with": """
        rulebook/selftest.py SAMPLES""",
}
TYPES = re.compile(  # numbers that stand for a kind of value
    r"decoders/(?:thrift_\w+|whatsapp_nodes)\.py _(?!DEPTH)[A-Z0-9_]+"
    r"|sources/pcap/unlock/(?:agreement|derive)\.py (?!HEARD)[A-Z0-9_]+"
    r"|rulebook/seals/(?:loco|mmtls|openpgp|qq_sso|smime|whatsapp_noise|xchat)\.py _[A-Z]+"
    r"|sources/pcap/(?:hello|records|wire)\.py (?!LONGEST)[A-Z0-9_]+"
    r"|sources/pcap/(?:certificates|dns|handshake|stun|vpn)\.py _(?!LONGEST|DAY)[A-Z0-9_]+"
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
    bounded = {budget.name for budget in BUDGETS}
    assert not bounded & others
    left = {name for name in found - bounded - others if not TYPES.fullmatch(name)}
    assert left == set()
    assert (bounded | others) - found == set()
