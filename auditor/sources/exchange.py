"""One entry of a HAR file as parcels: the request, its answer, and the messages of a WebSocket.

A body in a HAR file is already decoded, so the content-encoding goes. A body that
the entry counts but does not hold is not whole. Keys that nobody knows are passed over.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from auditor.model import Channel, Event, Head, Parcel, Ref
from auditor.sources import heads, restore, sockets
from auditor.sources.heads import Place

_INSIDE = ("data", "blob", "about", "file", "chrome", "chrome-extension", "moz-extension")
_BODILESS = (101, 204, 304)
_OTHER_SIZE = ("content-encoding", "transfer-encoding")


def events(entry: object, number: int, place: Place, opened_by: str) -> Iterator[Event]:
    """ValueError where there is no request at all; what is wrong later is a Problem."""
    request = _object(_object(entry).get("request"))
    if not (address := _text(request.get("url"))):
        raise ValueError("it has no request with a URL")
    when = _when(_object(entry).get("startedDateTime"))
    seen = heads.headers(_pairs(request.get("headers")))
    channel = _channel(address, seen, _text(_object(entry).get("serverIPAddress")), place, opened_by)
    method = _text(request.get("method"))
    frames = _object(entry).get("_webSocketMessages")
    if method == "CONNECT" and not frames:  # over HTTP/2 a WebSocket is asked for in this way
        yield place.contact(number, channel, "tcp", "a tunnel was asked for: no message in it", when)
        return
    if address.partition(":")[0].lower() in _INSIDE:
        yield place.contact(number, channel, "none", "an address inside the app: nothing was sent", when)
        return
    data, whole, media = _sent(request, seen)
    path, query = heads.target(_target(address))
    head = Head(heads.clean(method), path, query, _headers(seen, media))
    if failure := _failure(_object(entry).get("response")):
        if whole and not data and not query:
            yield place.contact(number, channel, "tcp", failure, when)
        else:
            yield Parcel(place.ref(number, ">"), channel, True, data, head=head, when=when, whole=whole)
            yield place.problem(number, "failed", f"no answer: {failure}", "<")
    else:
        yield Parcel(place.ref(number, ">"), channel, True, data, head=head, when=when, whole=whole)
        yield _answer(_object(_object(entry)["response"]), place.ref(number, "<"), channel, head, when)
    granted = _object(_object(entry).get("response")).get("status") == 101
    if granted and frames is None and sockets.begins(head):
        yield sockets.unrecorded(number, place, channel, head)
    yield from _frames(frames, number, place, channel, head)


def _channel(
    address: str, seen: tuple[tuple[str, str], ...], server: str, place: Place, opened_by: str
) -> Channel:
    scheme, _, rest = address.partition("://")
    scheme = scheme.lower()
    authority = rest.partition("/")[0].partition("?")[0].partition("#")[0]
    host, port = heads.bare_host(authority)
    asked = next((value for name, value in seen if name in ("host", ":authority") and value), authority)
    return place.channel(
        Channel(
            heads.bare_host(asked)[0] or host,
            port or heads.PORTS.get(scheme, 0),
            heads.road(scheme),
            heads.clean(server).strip("[]"),
            opened_by=opened_by,
        )
    )


def _target(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:  # a host that is no host; the rest of the address is still good
        return "/" + address.partition("://")[2].partition("/")[2]
    return f"{parts.path}?{parts.query}"


def _sent(request: dict[str, Any], seen: tuple[tuple[str, str], ...]) -> tuple[bytes, bool, str]:
    post = _object(request.get("postData"))
    media = heads.clean(_text(post.get("mimeType")))
    sizes = _sizes(request.get("bodySize"), _length(seen))
    text = _text(post.get("text"))
    if not text and (fields := _pairs(post.get("params"))):
        named = not any(_object(field).get("fileName") for field in _list(post.get("params")))
        return urlencode([(heads.clean(k), heads.clean(v)) for k, v in fields]).encode(), named, media
    return *_body(text, post, media, sizes), media


def _answer(response: dict[str, Any], ref: Ref, channel: Channel, asked: Head, when: float | None) -> Parcel:
    content = _object(response.get("content"))
    media = heads.clean(_text(content.get("mimeType")))
    seen = heads.headers(_pairs(response.get("headers")))
    status = _number(response.get("status"))
    packed, saved = _number(response.get("bodySize")), content.get("compression")
    unpacked = packed + _number(saved) if packed > 0 and saved is not None else 0
    sizes = _sizes(content.get("size"), unpacked, _length(seen))
    bodied = asked.method != "HEAD" and status not in _BODILESS
    sizes = sizes if bodied else []
    data, whole = _body(_text(content.get("text")), content, media, sizes)
    whole = whole and (bool(data) or packed <= 0 or not bodied)
    said = heads.phrase(status, _text(response.get("statusText")))
    head = Head(headers=(*_headers(seen, media), *said), status=status)
    return Parcel(ref, channel, False, data, head=head, answers=asked, when=when, whole=whole)


def _frames(messages: object, number: int, place: Place, channel: Channel, asked: Head) -> Iterator[Event]:
    frames, lost = [], []
    for count, message in enumerate(_list(messages)):
        frame = _object(message)
        kind = frame.get("type")
        if kind not in ("send", "receive") or not isinstance(frame.get("data"), str):
            lost.append((count, kind == "error"))  # an error of the connection hides none
            continue
        out, binary = kind == "send", frame.get("opcode") == 2
        text = frame["data"]
        data, whole = restore.from_base64(text) if binary else restore.from_text(text, "", ())
        frames.append(sockets.Frame(count, out, data, heads.seconds(frame.get("time")), whole))
    upgrade = heads.upgrade(asked)
    told = list(sockets.events(frames, number, place, channel, upgrade)) if frames else []
    yield from told
    for count, none in lost:
        spoken = {"websocket", *sockets.offered(asked), *(p.protocol for p in told if isinstance(p, Parcel))}
        what, protocols = f"WebSocket message {count} is none", () if none else tuple(sorted(spoken))
        yield place.problem(number, "damaged entry", what, f".{count}", (channel,), protocols)


def _body(text: str, holder: dict[str, Any], media: str, sizes: list[int]) -> tuple[bytes, bool]:
    if not text:
        return b"", not sizes
    if holder.get("encoding") == "base64":
        data, whole = restore.from_base64(text)
        return data, whole and (not sizes or min(sizes) <= len(data))
    return restore.from_text(text, media, sizes)


def _failure(response: object) -> str:
    """Why there is no answer; empty if there is one."""
    if not isinstance(response, dict):
        return "the entry has no response"
    if response.get("status") or response.get("headers") or _object(response.get("content")).get("text"):
        return ""
    reason = response.get("_error") or response.get("comment") or response.get("statusText")
    return heads.clean(_text(reason)) or "no response was recorded"


def _headers(seen: tuple[tuple[str, str], ...], media: str) -> tuple[tuple[str, str], ...]:
    kept = tuple(pair for pair in seen if pair[0] != "content-encoding")
    if media and media != "x-unknown" and not any(name == "content-type" for name, _ in kept):
        return (*kept, ("content-type", media))
    return kept


def _length(seen: tuple[tuple[str, str], ...]) -> int:
    """The content-length, where it is the length of the decoded body."""
    known = dict(seen)
    if any(known.get(name, "identity") != "identity" for name in _OTHER_SIZE):
        return 0
    length = known.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 16 else 0


def _sizes(*sizes: object) -> list[int]:
    return [size for size in map(_number, sizes) if size > 0]


def _when(text: object) -> float | None:
    try:
        return datetime.fromisoformat(_text(text)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _pairs(items: object) -> list[tuple[str, str]]:
    pairs = [(_object(item).get("name"), _object(item).get("value")) for item in _list(items)]
    return [(name, _text(value)) for name, value in pairs if isinstance(name, str)]


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | float) and abs(value) < 1e15 else 0
