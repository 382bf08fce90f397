"""Dumps of mitmproxy, flow by flow. The one door to mitmproxy for files, and for flows that come live.

Bodies stay as they were on the road; the audit unwraps them. A flow that cannot be
read costs that flow, as long as it says where it ends; where that is lost, the
reading ends and says how much is left.
"""

import re
from collections.abc import Iterator

from mitmproxy import connection, dns, http, tcp, udp, websocket
from mitmproxy.exceptions import FlowReadException
from mitmproxy.flow import Flow
from mitmproxy.io import compat
from mitmproxy.version import FLOW_FORMAT_VERSION

from auditor.model import Channel, Contact, Event, Head, Parcel, Road
from auditor.sources import heads, sockets, tnetstring
from auditor.sources.heads import Place
from auditor.sources.tape import Tape
from auditor.streams import TLS, Message, Sorter
from auditor.text import printable

LIMIT = 256_000_000  # bytes of one flow

_LENGTH = re.compile(rb"(\d{1,12}):")
# What reading the state of a flow raises when the state is not one.
_WRONG = (
    ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError,
    TypeError, ValueError, FlowReadException,
)  # fmt: skip


class TooNewError(ValueError):
    """A flow of a mitmproxy that is newer than the installed one."""


def read(tape: Tape, place: Place, limit: int = LIMIT) -> Iterator[Event]:
    while start := tape.peek(13):
        number = tape.entries
        length = _LENGTH.match(start)
        if not length:
            kind = "cut" if start.isdigit() and len(start) < 13 else "damaged"
            yield _ended(tape, place, kind, 0)
            return
        size = length.end() + int(length[1]) + 1
        if size > limit:
            if (gone := tape.skip(size)) < size:
                yield _ended(tape, place, "cut", gone)
                return
            yield _unread(tape, place, size, "too-much", f"a flow of {size} bytes was passed over")
            continue
        frame = tape.read(size)
        if len(frame) < size:
            yield _ended(tape, place, "cut", len(frame))
            return
        if not frame.endswith(b"}"):
            yield _ended(tape, place, "damaged", size)
            return
        yield from _frame(frame, length.end(), tape, place, number)


def _frame(frame: bytes, start: int, tape: Tape, place: Place, number: int) -> Iterator[Event]:
    try:
        events = list(events_of(_flow(frame), number, place))
    except TooNewError as error:
        yield _unread(tape, place, len(frame), "too-new", str(error))
    except _WRONG as error:
        what = f"{type(error).__name__}: {printable(str(error))[:200]}"
        yield _unread(tape, place, len(frame), "damaged entry", f"a flow of {len(frame)} bytes: {what}")
    else:
        tape.entries += 1
        yield from events


def _ended(tape: Tape, place: Place, kind: str, size: int) -> Event:
    size += tape.drain()
    tape.unread += size
    why = "the file ends early" if kind == "cut" else "no flow begins where one should"
    return place.problem(tape.entries, kind, f"{why}, after {tape.entries} flows; {size} bytes not read")


def _unread(tape: Tape, place: Place, size: int, kind: str, message: str) -> Event:
    tape.unread += size
    tape.entries += 1
    return place.problem(tape.entries - 1, kind, message)


def _flow(frame: bytes) -> Flow:
    state = tnetstring.loads(frame)
    version = state.get("version", state.get(b"version"))
    if isinstance(version, int) and version > FLOW_FORMAT_VERSION:
        raise TooNewError(
            f"written by a newer mitmproxy (format {version}, this one reads {FLOW_FORMAT_VERSION}):"
            " upgrade mitmproxy; 12 and later need Python 3.12"
        )
    state = compat.migrate_flow(state)
    for side in ("client_conn", "server_conn"):
        state[side]["certificate_list"] = []  # parsing them takes half the time, and nobody asks
    return Flow.from_state(state)


def events_of(flow: Flow, number: int, place: Place) -> Iterator[Event]:
    """What one flow has to say, whether it came from a file or just now from the proxy."""
    match flow:
        case http.HTTPFlow():
            yield from _http(flow, number, place)
        case tcp.TCPFlow():
            yield from _stream(flow, number, place, "tcp")
        case udp.UDPFlow():
            yield from _stream(flow, number, place, "udp")
        case dns.DNSFlow():
            channel = place.channel(_channel(flow, Road.CLEAR))
            reason = "a name look-up: no message in it"
            yield place.contact(number, channel, "dns", reason, heads.seconds(flow.timestamp_created))
        case _:
            yield place.problem(number, "unknown", f"a flow of the kind {flow.type!r}")


def _http(flow: http.HTTPFlow, number: int, place: Place) -> Iterator[Event]:
    request, response = flow.request, flow.response
    channel = place.channel(_http_channel(flow))
    when = heads.seconds(request.timestamp_start)
    failure = flow.error.msg if flow.error else "no response was recorded"
    if request.method == "CONNECT":
        reason = failure if flow.error else "a tunnel was asked for: no message in it"
        yield place.contact(number, channel, "tcp", heads.clean(reason), when)
        return
    path, query = heads.target(_target(request))
    head = Head(heads.clean(request.method), path, query, _headers(request))
    body = request.raw_content
    if not response and not body and not query and (body is not None or flow.error):
        yield place.contact(number, channel, "tcp", heads.clean(failure), when)
        return
    ref = place.ref(number, ">")
    yield Parcel(ref, channel, True, body or b"", head=head, when=when, whole=body is not None)
    if response:
        content = response.raw_content
        answer = Head(headers=_headers(response), status=response.status_code)
        yield Parcel(
            place.ref(number, "<"), channel, False, content or b"", head=answer, answers=head,
            when=heads.seconds(response.timestamp_start), whole=content is not None,
        )  # fmt: skip
        if flow.error:
            yield place.problem(number, "failed", heads.clean(failure))
    else:
        yield place.problem(number, "failed", f"no answer: {heads.clean(failure)}", "<")
    if flow.websocket:
        frames = [sockets.Frame(count, *_piece(one)) for count, one in enumerate(flow.websocket.messages)]
        yield from sockets.events(frames, number, place, channel, heads.upgrade(head))


def _stream(flow: tcp.TCPFlow | udp.UDPFlow, number: int, place: Place, transport: str) -> Iterator[Event]:
    channel = place.channel(_channel(flow, Road.PROTECTED if _has_tls(flow) else Road.CLEAR))
    sorter, when = Sorter(carrier=transport), None

    def said(message: Message, when: float | None) -> Parcel:
        ref = place.ref(number, f".{message.part}")
        return Parcel(ref, channel, message.outgoing, message.body, sorter.name, message.head, when=when)

    for message in flow.messages:
        out, content, when = _piece(message)
        for found in sorter.feed(out, content):
            yield said(found, when)
        if sorter.refused:
            break
    else:
        for found in sorter.finish():
            yield said(found, when)
    if not sorter.name:
        yield _shut(flow, number, place, transport)
        return
    if sorter.handed_over:
        yield _rest(flow, number, place, sorter)
    if sorter.waiting:
        yield place.problem(
            number, "cut", f"{sorter.waiting} bytes at the end of the connection make no message"
        )
    if flow.error:
        yield place.problem(number, "failed", heads.clean(flow.error.msg))


def _piece(
    message: tcp.TCPMessage | udp.UDPMessage | websocket.WebSocketMessage,
) -> tuple[bool, bytes, float | None]:
    """Direction, bytes and time. mitmproxy takes these from a file without a look at their types."""
    if not isinstance(message.content, bytes):
        raise TypeError("a message without bytes")
    return bool(message.from_client), message.content, heads.seconds(message.timestamp)


def _shut(flow: tcp.TCPFlow | udp.UDPFlow, number: int, place: Place, transport: str) -> Contact:
    """A connection whose protocol nobody here speaks, with how much it said."""
    sizes = {True: 0, False: 0}
    for message in flow.messages:
        out, content, _ = _piece(message)
        sizes[out] += len(content)
    reason = "a protocol this version does not know"
    if flow.error:
        reason = (
            heads.clean(flow.error.msg)
            if not any(sizes.values())
            else f"{reason}; {heads.clean(flow.error.msg)}"
        )
    road = Road.PROTECTED if _has_tls(flow) else Road.CLEAR if transport == "tcp" else Road.UNKNOWN
    channel = place.channel(_channel(flow, road))
    return Contact(
        place.ref(number),
        channel,
        transport,
        reason,
        sizes[True],
        sizes[False],
        heads.seconds(flow.timestamp_created),
    )


def _rest(flow: tcp.TCPFlow | udp.UDPFlow, number: int, place: Place, sorter: Sorter) -> Event:
    """What the stream did not read: a channel that begins inside this one, or what nobody understands."""
    sent, received = sorter.rest[True], sorter.rest[False]
    if sorter.handed_over != TLS:
        why = f"{sorter.name}: {sorter.handed_over}; {sent + received} bytes not read"
        return place.problem(number, "damaged", why)
    channel = place.channel(_channel(flow, Road.PROTECTED))
    when = heads.seconds(flow.timestamp_created)
    reason = f"{sorter.name} went on inside TLS, which nobody opened"
    return Contact(place.ref(number), channel, "tcp", reason, sent, received, when)


def _http_channel(flow: http.HTTPFlow) -> Channel:
    request, server = flow.request, flow.server_conn
    alpn = flow.client_conn.alpn or server.alpn or b""
    return Channel(
        request.pretty_host, request.port, heads.road(request.scheme), _address(server),
        heads.words(alpn), opened_by="proxy",
    )  # fmt: skip


def _channel(flow: Flow, road: Road) -> Channel:
    server = flow.server_conn
    asked = flow.client_conn.sni or server.sni
    name, port, *_ = server.address or ("", 0)
    alpn = flow.client_conn.alpn or server.alpn or b""
    return Channel(asked or name, port, road, _address(server), heads.words(alpn), opened_by="proxy")


def _address(server: connection.Server) -> str:
    return heads.clean(server.peername[0]) if server.peername else ""


def _has_tls(flow: Flow) -> bool:
    sides = (flow.client_conn, flow.server_conn)
    return any(side.tls_established or side.tls_version or side.timestamp_tls_setup for side in sides)


def _target(request: http.Request) -> str:
    """Path and query. A proxy's absolute form is cut down to them."""
    path = request.path
    if "://" in path.partition("?")[0] and not path.startswith("/"):
        return "/" + path.partition("://")[2].partition("/")[2]
    return path


def _headers(message: http.Message) -> tuple[tuple[str, str], ...]:
    trailers = message.trailers.fields if message.trailers else ()
    fields = (*message.headers.fields, *trailers)
    return tuple((heads.words(name).lower(), heads.words(value)) for name, value in fields)
