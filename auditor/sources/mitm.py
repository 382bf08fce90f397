"""Dumps of mitmproxy, flow by flow; flows that come live say the same things.

Bodies stay as they were on the road; the audit unwraps them. A flow that cannot be
read costs that flow, as long as it says where it ends; where that is lost, the
reading ends and says how much is left.
"""

import re
from collections.abc import Iterator
from typing import Any

from auditor.model import Channel, Contact, Event, Head, Parcel, Road
from auditor.sources import heads, raw, sockets, talk, tnetstring
from auditor.sources.flows import FORMAT, READ, Flow, Frame, Request, Socket, flow_of, lines, mended
from auditor.sources.heads import Place
from auditor.sources.tape import Tape
from auditor.streams import SIGNS, TLS, Sorter
from auditor.text import printable

LIMIT = 256_000_000  # bytes of one flow
_CLOSE = 8
BODILESS = ("GET", "HEAD", "OPTIONS")  # what carries no message where its body was not recorded

_LENGTH = re.compile(rb"(\d{1,12}):")
# What reading the state of a flow raises when the state is not one.
WRONG = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class TooNewError(ValueError):
    """A flow of a mitmproxy that is newer than the installed one."""


def read(tape: Tape, place: Place, limit: int = LIMIT) -> Iterator[Event]:
    while start := tape.peek(13):
        number = tape.entries
        length = _LENGTH.match(start)
        if not place.share.has(number):
            if not length or not _passed(tape, length.end() + int(length[1])):
                return
            continue
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


def _passed(tape: Tape, size: int) -> bool:
    """Moves past a flow of somebody else's share; whether another one can follow."""
    tape.entries += 1
    return tape.skip(size) == size and tape.read(1) == b"}"


def _frame(frame: bytes, start: int, tape: Tape, place: Place, number: int) -> Iterator[Event]:
    try:
        events = list(events_of(_flow(frame), number, place))
    except TooNewError as error:
        yield _unread(tape, place, len(frame), "too-new", str(error))
    except WRONG as error:
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
    state = tnetstring.loads(frame, READ)
    version = state.get("version")
    if version != FORMAT:  # older ones are read whole, to be brought up to date
        state = tnetstring.loads(frame)
        version = state.get("version", state.get(b"version"))
    if isinstance(version, int) and version > FORMAT:
        raise TooNewError(
            f"written by a newer mitmproxy (format {version}, this version reads up to {FORMAT}):"
            " upgrade auditor, or save the flows again with mitmproxy 12"
        )
    return flow_of(state if version == FORMAT else mended(_migrated(state)))


def _migrated(state: Any) -> Any:
    """A state of an older format, as the mitmproxy that is installed brings it up to date."""
    from mitmproxy.exceptions import FlowReadException
    from mitmproxy.io import compat

    try:
        return compat.migrate_flow(state)
    except FlowReadException as error:
        raise ValueError(str(error)) from error


def events_of(flow: Flow, number: int, place: Place, opened_by: str = "proxy") -> Iterator[Event]:
    """What one flow has to say, whether it came from a file or just now from the proxy."""
    match flow.type:
        case "http" if flow.request is not None:
            yield from _http(flow, flow.request, number, place, opened_by)
        case "tcp" | "udp":
            yield from _stream(flow, number, place, flow.type)
        case "dns":
            channel = place.channel(_channel(flow, Road.CLEAR))
            reason = "a name look-up: no message in it"
            yield place.contact(number, channel, "dns", reason, heads.seconds(flow.timestamp_created))
        case _:
            yield place.problem(number, "unknown", f"a flow of the kind {printable(flow.type)[:40]!r}")


def _http(flow: Flow, request: Request, number: int, place: Place, opened_by: str) -> Iterator[Event]:
    response = flow.response
    channel = place.channel(_http_channel(flow, request, opened_by))
    when = heads.seconds(request.timestamp_start)
    failure = flow.error.msg if flow.error else "no response was recorded"
    method = heads.clean(heads.words(request.method))
    if method == "CONNECT":
        reason = failure if flow.error else "a tunnel was asked for: no message in it"
        yield place.contact(number, channel, "tcp", heads.clean(reason), when)
        return
    path, query = heads.target(_target(request))
    head = Head(method, path, query, lines(request))
    body = request.content
    empty = body == b"" or (body is None and flow.error is not None and method in BODILESS)
    if not response and not query and empty:
        yield place.contact(number, channel, "tcp", heads.clean(failure), when)
        return
    ref = place.ref(number, ">")
    yield Parcel(ref, channel, True, body or b"", head=head, when=when, whole=body is not None)
    if response:
        content = response.content
        answer = Head(headers=lines(response), status=response.status_code)
        yield Parcel(
            place.ref(number, "<"), channel, False, content or b"", head=answer, answers=head,
            when=heads.seconds(response.timestamp_start), whole=content is not None,
        )  # fmt: skip
        if flow.error:
            yield place.problem(number, "failed", heads.clean(failure))
    else:
        yield place.problem(number, "failed", f"no answer: {heads.clean(failure)}", "<")
    if flow.websocket:
        yield from sockets.events(_frames(flow.websocket), number, place, channel, heads.upgrade(head))
    elif response and response.status_code == 101 and sockets.begins(head):
        yield sockets.unrecorded(number, place, channel, head)
    elif (asked := _session(request)) and (response is None or response.status_code < 300):
        yield sockets.session(number, place, channel, f"a session of {asked}")


def _session(request: Request) -> str:
    """What is spoken from here on, where HTTP/2 is asked for something else (RFC 8441)."""
    if request.http_version != b"HTTP/2.0":
        return ""
    asked = next((value for name, value in request.headers if name == b"upgrade"), b"")
    return "" if asked == b"websocket" else printable(heads.words(asked))[:40]


def _frames(socket: Socket) -> list[sockets.Frame]:
    """The messages of a WebSocket, and behind them the words that stand in what is no message."""
    found = [*socket.messages, *socket.signs]
    if socket.close_reason:
        found.append(Frame(_CLOSE, bool(socket.closed_by_client), heads.clean(socket.close_reason).encode()))
    return [
        sockets.Frame(
            count, one.from_client, one.content, heads.seconds(one.timestamp), sign=SIGNS.get(one.kind, "")
        )
        for count, one in enumerate(found)
    ]


def _stream(flow: Flow, number: int, place: Place, transport: str) -> Iterator[Event]:
    channel = place.channel(_channel(flow, Road.PROTECTED if flow.secured else Road.CLEAR))
    sorter, when = Sorter(carrier=transport), None

    for message in flow.messages:
        out, content, when = message.from_client, message.content, heads.seconds(message.timestamp)
        for found in sorter.feed(out, content):
            yield talk.parcel(place, number, channel, sorter.name, found, when)
        if sorter.refused:
            break
    else:
        for found in sorter.finish():
            yield talk.parcel(place, number, channel, sorter.name, found, when)
    if not sorter.name:
        shut = _shut(flow, number, place, transport)
        yield shut
        frames = (
            sockets.Frame(count, one.from_client, one.content, heads.seconds(one.timestamp))
            for count, one in enumerate(flow.messages)
        )
        yield from raw.parcels(frames, number, place, shut.channel, transport)
        return
    if sorter.handed_over == TLS:
        yield _inside(flow, number, place, sorter)
    yield from talk.left_over(place, number, channel, sorter.name, sorter)
    if flow.error:
        yield place.problem(number, "failed", heads.clean(flow.error.msg))


def _shut(flow: Flow, number: int, place: Place, transport: str) -> Contact:
    """A connection whose protocol nobody here speaks, with how much it said."""
    sizes = {True: 0, False: 0}
    for message in flow.messages:
        sizes[message.from_client] += len(message.content)
    reason = talk.STRANGE
    if flow.error:
        reason = (
            heads.clean(flow.error.msg)
            if not any(sizes.values())
            else f"{reason}; {heads.clean(flow.error.msg)}"
        )
    road = Road.PROTECTED if flow.secured else Road.CLEAR if transport == "tcp" else Road.UNKNOWN
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


def _inside(flow: Flow, number: int, place: Place, sorter: Sorter) -> Contact:
    """A channel that begins inside this one."""
    channel = place.channel(_channel(flow, Road.PROTECTED))
    when, rest = heads.seconds(flow.timestamp_created), sorter.rest
    return Contact(
        place.ref(number), channel, "tcp", talk.unopened(sorter.name), rest[True], rest[False], when
    )


def _http_channel(flow: Flow, request: Request, opened_by: str) -> Channel:
    alpn = flow.client_conn.alpn or flow.server_conn.alpn or b""
    return Channel(
        request.asked_host, request.port, heads.road(heads.words(request.scheme)), _address(flow),
        heads.words(alpn), opened_by=opened_by,
    )  # fmt: skip


def _channel(flow: Flow, road: Road) -> Channel:
    server = flow.server_conn
    asked = flow.client_conn.sni or server.sni
    name, port, *_ = server.address or ("", 0)
    alpn = flow.client_conn.alpn or server.alpn or b""
    return Channel(
        asked or str(name), port if isinstance(port, int) else 0, road, _address(flow),
        heads.words(alpn), opened_by="proxy",
    )  # fmt: skip


def _address(flow: Flow) -> str:
    peer = flow.server_conn.peername
    return heads.clean(str(peer[0])) if peer else ""


def _target(request: Request) -> str:
    """Path and query. A proxy's absolute form is cut down to them."""
    path = heads.words(request.path)
    if "://" in path.partition("?")[0] and not path.startswith("/"):
        return "/" + path.partition("://")[2].partition("/")[2]
    return path
