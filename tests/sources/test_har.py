"""HAR files, sound and damaged."""

import base64
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from auditor.model import Contact, Event, Parcel, Problem, Road
from auditor.sources import read


def entry(text: str = "", **request: Any) -> dict[str, Any]:
    return {
        "startedDateTime": "2026-11-21T10:00:00.500Z",
        "request": {"method": "POST", "url": "https://a.example:8443/x/y?q=1", "headers": [], **request},
        "response": {"status": 200, "headers": [], "content": {"text": text, "mimeType": "text/plain"}},
        "serverIPAddress": "[::1]",
    }


def parcels(path: Path) -> list[Parcel]:
    return [event for event in read(path) if isinstance(event, Parcel)]


def problems(events: list[Event]) -> list[str]:
    return [event.kind for event in events if isinstance(event, Problem)]


def test_an_exchange_becomes_two_parcels(har) -> None:  # type: ignore[no-untyped-def]
    asked, answer = parcels(har(entry("hello", postData={"text": "grün", "mimeType": "text/plain"})))
    assert (str(asked.ref), str(answer.ref)) == ("session.har#0>", "session.har#0<")
    assert asked.body.decode() == "grün"
    assert answer.body == b"hello"
    assert asked.when == 1795255200.5
    assert (asked.head.method, asked.head.path, asked.head.query) == ("POST", ("x", "y"), (("q", "1"),))
    assert answer.answers == asked.head == answer.asked
    assert answer.head.status == 200
    channel = asked.channel
    assert (channel.host, channel.port, channel.address) == ("a.example", 8443, "::1")
    assert (channel.road, channel.opened_by) == (Road.PROTECTED, "proxy")


def test_a_browser_opens_its_channel_from_inside(har) -> None:  # type: ignore[no-untyped-def]
    assert {p.channel.opened_by for p in parcels(har(entry(), creator="WebInspector"))} == {"app hook"}


def test_headers_are_lower_case_and_the_content_encoding_is_gone(har) -> None:  # type: ignore[no-untyped-def]
    headers = [{"name": "Content-Encoding", "value": "br"}, {"name": "Host", "value": "Real.Example"}]
    asked, answer = parcels(har(entry(headers=headers)))
    assert asked.head.headers == (("host", "Real.Example"),)
    assert asked.channel.host == "real.example"
    assert answer.head.headers == (("content-type", "text/plain"),)


def test_bodies_in_base64_and_forms_are_rebuilt(har) -> None:  # type: ignore[no-untyped-def]
    raw = bytes(range(256))
    one = entry(postData={"text": base64.b64encode(raw).decode(), "encoding": "base64"})
    two = entry(postData={"params": [{"name": "a b", "value": "ü&"}, {"name": "c"}]})
    three = entry(postData={"params": [{"name": "f", "value": "", "fileName": "cat.jpg"}]})
    sent = [p for p in parcels(har(one, two, three)) if p.outgoing]
    assert [p.body for p in sent] == [raw, b"a+b=%C3%BC%26&c=", b"f="]
    assert [p.whole for p in sent] == [True, True, False]


def test_a_binary_body_that_became_latin_1_comes_back(har) -> None:  # type: ignore[no-untyped-def]
    raw = b"\x0a\x04\xff\xfe\x80\x00" * 9
    (sent, _) = parcels(har(entry(bodySize=len(raw), postData={"text": raw.decode("latin-1")})))
    assert (sent.body, sent.whole) == (raw, True)


def test_a_body_that_was_counted_but_not_kept_is_not_whole(har) -> None:  # type: ignore[no-untyped-def]
    one = entry(bodySize=7)
    one["response"]["content"] = {"size": 7}
    assert [(p.body, p.whole) for p in parcels(har(one))] == [(b"", False), (b"", False)]


def test_an_answer_that_was_longer_than_nothing_but_not_kept_is_not_whole(har) -> None:  # type: ignore[no-untyped-def]
    one = entry()
    one["response"] = {"status": 200, "headers": [], "bodySize": 70, "content": {"size": 0}}
    assert parcels(har(one))[1].whole is False
    one["response"]["status"] = 304
    assert parcels(har(one))[1].whole is True


def test_the_text_of_an_answer_without_a_status_is_read(har) -> None:  # type: ignore[no-untyped-def]
    one = entry()
    one["response"] = {"status": 0, "headers": [], "content": {"text": "hello"}}
    assert parcels(har(one))[1].body == b"hello"


UPGRADE = [{"name": "Upgrade", "value": "websocket"}]


@pytest.mark.parametrize(
    ("status", "kept", "said"),
    [(101, {}, True), (101, {"_webSocketMessages": []}, False), (400, {}, False)],
    ids=["not kept", "nothing was said", "refused"],
)
def test_a_websocket_whose_messages_were_not_kept_may_have_had_some(  # type: ignore[no-untyped-def]
    har, status: int, kept: dict[str, Any], said: bool
) -> None:
    one = entry(headers=UPGRADE) | kept
    one["response"]["status"] = status
    found = [event for event in read(har(one)) if isinstance(event, Problem)]
    assert [(problem.kind, problem.protocols) for problem in found] == [("not read", ("websocket",))] * said


def test_a_websocket_that_was_asked_for_in_http_2_is_read(har) -> None:  # type: ignore[no-untyped-def]
    one = entry(method="CONNECT") | {"_webSocketMessages": [{"type": "send", "opcode": 1, "data": "hi"}]}
    assert [parcel.body for parcel in parcels(har(one)) if parcel.protocol == "websocket"] == [b"hi"]


def test_a_failed_request_is_a_contact_or_a_parcel_with_a_problem(har) -> None:  # type: ignore[no-untyped-def]
    failed = {"status": 0, "headers": [], "_error": "net::ERR_TIMED_OUT"}
    silent = entry(url="https://a.example/") | {"response": failed}
    spoken = entry(postData={"text": "hi"}) | {"response": failed}
    contact, asked, problem = list(read(har(silent, spoken)))
    assert isinstance(contact, Contact)
    assert "TIMED_OUT" in contact.reason
    assert isinstance(asked, Parcel)
    assert isinstance(problem, Problem)
    assert "TIMED_OUT" in problem.message


def test_what_never_left_the_browser_is_a_contact(har) -> None:  # type: ignore[no-untyped-def]
    (event,) = read(har(entry(url="data:text/plain,hello")))
    assert isinstance(event, Contact)


def test_websocket_messages_are_parcels(har) -> None:  # type: ignore[no-untyped-def]
    messages = [
        {"type": "send", "time": 5.5, "opcode": 1, "data": "hé"},
        {"type": "receive", "time": 6, "opcode": 2, "data": "AAH/"},
        {"type": "error", "data": "lost"},
    ]
    asked, answer, *frames, problem = read(har(entry() | {"_webSocketMessages": messages}))
    assert isinstance(asked, Parcel)
    assert [str(f.ref) for f in frames] == ["session.har#0.0>", "session.har#0.1<"]
    assert [f.body for f in frames if isinstance(f, Parcel)] == ["hé".encode(), b"\0\1\xff"]
    assert {(f.protocol, f.head.method, f.head.path) for f in frames if isinstance(f, Parcel)} == {
        ("websocket", "WS", ("x", "y"))
    }
    assert isinstance(problem, Problem)
    assert problem.protocols == ()
    assert answer


def test_a_websocket_message_that_cannot_be_read_may_have_been_one(har) -> None:  # type: ignore[no-untyped-def]
    *_, problem = read(har(entry() | {"_webSocketMessages": [{"type": "send", "opcode": 1, "data": 7}]}))
    assert isinstance(problem, Problem)
    assert (problem.protocols, [one.host for one in problem.channels]) == (("websocket",), ["a.example"])


OPEN = '<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="a"/>'
SEVERAL = [{"name": "Sec-WebSocket-Protocol", "value": "x, xmpp"}]


@pytest.mark.parametrize(("headers", "said"), [([], OPEN), (SEVERAL, ""), (SEVERAL, OPEN)])
def test_such_a_message_may_have_been_of_what_travels_in_the_websocket(  # type: ignore[no-untyped-def]
    har, headers: list[dict[str, str]], said: str
) -> None:
    messages = [{"type": "send", "opcode": 1, "data": said or None}, {"type": "send", "opcode": 1, "data": 7}]
    *_, problem = read(har(entry(headers=headers) | {"_webSocketMessages": messages}))
    assert isinstance(problem, Problem)
    assert problem.protocols == ("websocket", "xmpp")


def test_a_body_that_looks_like_entries_fools_nobody(har) -> None:  # type: ignore[no-untyped-def]
    trap = '{"log": {"entries": [{"startedDateTime": 1, "request": {"url": "https://b.example"}}]}}, {'
    found = list(read(har(entry(trap), entry('"entries": [' + "\\" * 3))))
    assert len(found) == 4
    assert isinstance(found[1], Parcel)
    assert found[1].body.decode() == trap


def test_entries_are_those_of_the_log(tmp_path: Path) -> None:
    path = tmp_path / "odd.har"
    log = {"_x": {"entries": [1, 2]}, "entries": [entry()], "pages": []}
    path.write_text("\ufeff \n" + json.dumps({"entries": [3], "log": log, "after": {"log": 1}}))
    found = list(read(path))
    assert len(found) == 2
    assert not problems(found)


def test_a_log_without_entries_says_so(tmp_path: Path) -> None:
    path = tmp_path / "none.har"
    path.write_text('{"log": {"version": "1.2"}}')
    assert problems(list(read(path))) == ["damaged"]


WOUNDS = [
    ('"method": "POST"', '"method": POST'),  # balanced, but no JSON
    ('"method": "POST"', '"method": "POST'),  # a string that swallows the next entry
    ('"method": "POST"', '"method": {"POST"'),  # a brace that swallows the rest
    ('"method": "POST"', '"method": }"POST"'),  # one that ends the entry early
    ('"method": "POST"', '"method": ]"POST"'),
    ('"url"', '"nourl"'),
    ('{"startedDateTime"', 'null, {"startedDateTime'),
]


@pytest.mark.parametrize(("sound", "damaged"), WOUNDS)
def test_a_damaged_entry_costs_that_entry(har, sound: str, damaged: str) -> None:  # type: ignore[no-untyped-def]
    path = har(entry("one"), entry("MIDDLE"), entry("three"), entry("four"))
    text = path.read_text()
    at = text.index(sound, text.index("one"))
    path.write_text(text[:at] + damaged + text[at + len(sound) :])
    source = read(path)
    found = list(source)
    bodies = [e.body for e in found if isinstance(e, Parcel) and not e.outgoing]
    assert [b for b in bodies if b != b"MIDDLE"] == [b"one", b"three", b"four"]
    assert set(problems(found)) <= {"damaged entry", "damaged", "cut"}
    assert problems(found)
    assert source.size == path.stat().st_size


def test_bad_bytes_and_bare_control_characters_do_no_harm(har) -> None:  # type: ignore[no-untyped-def]
    path = har(entry("one TWO"))
    path.write_bytes(path.read_bytes().replace(b"TWO", b"\xff\x01\n"))
    assert parcels(path)[1].body == b"one \xff\x01\n"


def test_deep_nesting_is_a_damaged_entry(har) -> None:  # type: ignore[no-untyped-def]
    path = har(entry("one"), {"DEEP": 1}, entry("three"))
    path.write_text(path.read_text().replace('{"DEEP": 1}', '{"a":' * 100_000 + "1" + "}" * 100_000))
    found = list(read(path))
    assert problems(found) == ["damaged entry"]
    assert len(found) == 5


def test_a_file_that_is_cut_gives_what_came_before(har) -> None:  # type: ignore[no-untyped-def]
    path = har(*(entry(f'text {n} with "quotes" and {{braces}}') for n in range(6)))
    whole, text = list(read(path)), path.read_bytes()
    for end in range(97, len(text), 97):
        path.write_bytes(text[:end])
        source = read(path)
        found = list(source)
        assert found[:-1] == whole[: len(found) - 1]
        assert problems(found) == ["cut"]
        assert source.size == end
        assert source.unread <= len(json.dumps(entry())) * 2


ODD: list[Any] = [None, 1, "x", [], {}, {"request": None}, {"request": {"url": 5}}, {"request": {"url": "x"}}]
WRONG: list[Any] = [None, 0, -1, 1e400, "x", [], [1], {}, {"a": 1}, [{"name": 1, "value": {}}], True]


def test_wrong_types_anywhere_never_raise(har) -> None:  # type: ignore[no-untyped-def]
    damaged = list(ODD)
    for where in ("headers", "postData", "bodySize", "method", "url"):
        damaged += [entry(**{where: value}) for value in WRONG]
    for where in ("startedDateTime", "response", "serverIPAddress", "_webSocketMessages", "request"):
        damaged += [entry() | {where: value} for value in WRONG]
    for where in ("status", "headers", "content", "bodySize"):
        damaged += [entry() | {"response": {"status": 200, where: value}} for value in WRONG]
    for where in ("text", "size", "encoding", "mimeType", "compression"):
        damaged += [entry() | {"response": {"status": 1, "content": {where: value}}} for value in WRONG]
    source = read(har(*damaged))
    found = list(source)
    assert source.entries == len(damaged)
    assert {event.ref.entry for event in found} == set(range(len(damaged)))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "big.har"
    body = json.dumps(entry('say "hello" \\ ' * 7000))
    with path.open("w") as file:
        file.write('{"log": {"entries": [' + body)
        for _ in range(60_000_000 // len(body)):
            file.write("," + body)
        file.write("]}}")
    tracemalloc.start()
    count = sum(1 for _ in read(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count > 900
    assert peak < 25_000_000


RAW = b"\x0a\x04\xff\xfe\x80\x00" * 9
CODED = base64.b64encode(RAW).decode()
OK: dict[str, Any] = {"status": 200, "headers": [{"name": "Content-Encoding", "value": "gzip"}]}
# How programs write the same exchange: bytes were sent, "see you at 7" came back compressed.
SHAPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # The body on the road was longer or shorter than what is kept, which is unpacked.
    "PCAPdroid": (
        {"bodySize": 54, "postData": {"mimeType": "", "text": CODED, "encoding": "base64", "params": []}},
        OK | {"bodySize": 32, "content": {"size": 12, "mimeType": "text/plain", "text": "see you at 7"}},
    ),
    "Proxyman": (
        {"bodySize": 54, "postData": {"mimeType": "application/octet-stream", "text": RAW.decode("latin-1")}},
        OK | {"bodySize": 32, "content": {"size": 12, "mimeType": "text/plain", "encoding": "base64",
                                          "text": base64.b64encode(b"see you at 7").decode()}},
    ),
    "Charles Proxy": (
        {"bodySize": 54, "postData": {"mimeType": "image/x", "text": CODED, "encoding": "base64"}},
        OK | {"bodySize": 32, "content": {"size": 12, "compression": -20, "mimeType": "text/plain",
                                          "text": "see you at 7"}},
    ),
    "mitmproxy": (
        {"bodySize": 54, "postData": {"mimeType": "application/octet-stream", "text": RAW.decode("latin-1")}},
        OK | {"bodySize": 32, "content": {"size": 32, "compression": -20, "mimeType": "text/plain",
                                          "text": "see you at 7"}},
    ),
    "WebInspector": (
        {"bodySize": 54, "postData": {"mimeType": "application/octet-stream", "text": RAW.decode("latin-1")}},
        OK | {"bodySize": -1, "_transferSize": 99,
              "content": {"size": 12, "mimeType": "text/plain", "text": "see you at 7"}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("creator", SHAPES)
def test_whatever_program_wrote_it_the_bytes_are_those_that_were_sent(har, creator: str) -> None:  # type: ignore[no-untyped-def]
    request, response = SHAPES[creator]
    one = entry(**request)
    one["response"] = response
    sent, answer = parcels(har(one, creator=creator))
    assert (sent.body, sent.whole) == (RAW, True)
    assert (answer.body, answer.whole) == (b"see you at 7", True)
    assert answer.head.header("content-encoding") == ""
