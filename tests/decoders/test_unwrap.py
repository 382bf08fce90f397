"""Opening within a budget: what is too much stays shut, and the tree says why."""

import base64
import gzip
import json
import random
import time
import zlib
from functools import partial
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.decoders import DECODERS, Clue, protobuf
from auditor.decoders.clues import clue_from
from auditor.decoders.unwrap import LEAVES, SHORT, Node, Opening, Seal, plain

packed = partial(gzip.compress, mtime=0)  # always the same bytes

DICE = random.Random(5)


def opened(value: Any, clue: Clue | None = None, **more: Any) -> tuple[Node, Opening]:
    opening = Opening(**more)
    return opening.open(value, ("body",), clue or Clue()), opening


def texts(node: Node) -> list[Any]:
    return [n.value for n in node.walk() if isinstance(n.value, str)]


def nested(kind: str, levels: int) -> bytes:
    data = b"hello there"
    for _ in range(levels):
        match kind:
            case "gzip":
                data = packed(data)
            case "base64":
                data = base64.b64encode(data)
            case "zstd":
                data = zstandard.compress(data)
            case "json":
                data = json.dumps({"a": data.decode()}).encode()
            case "array":
                data = b"[" + (data if data.startswith(b"[") else b"1") + b"]"
            case "object":
                data = b'{"a":' + (data if data.startswith(b"{") else b"1") + b"}"
            case "xml":
                data = b"<a>" + data + b"</a>"
            case "protobuf":
                data = protobuf.wrap({1: 7, 2: data})
    return data


@pytest.mark.parametrize(
    ("kind", "levels"),
    [
        ("gzip", 70),
        ("zstd", 70),
        ("base64", 20),
        ("json", 14),
        ("array", 200),
        ("object", 200),
        ("xml", 70),
        ("protobuf", 70),
        ("array", 100_000),
        ("object", 50_000),
        ("xml", 50_000),
    ],
)
def test_too_many_layers_stop_and_never_raise(kind: str, levels: int) -> None:
    begun = time.process_time()
    root, opening = opened(nested(kind, levels))
    assert root.layers
    assert opening.stopped or kind in ("base64", "json", "protobuf")
    assert all(len(n.path) + len(n.trail) <= 66 for n in root.walk())
    assert time.process_time() - begun < 60  # a hang, not a time


@pytest.mark.parametrize("kind", ["gzip", "zstd", "base64", "json", "xml", "protobuf"])
def test_a_few_layers_are_all_opened(kind: str) -> None:
    root, opening = opened(nested(kind, 5))
    assert "hello there" in texts(root)
    assert not opening.stopped


def test_a_tree_that_is_nested_in_python_stops_too() -> None:
    tree: Any = "x"
    for _ in range(500):
        tree = [tree]
    _, opening = opened(tree)
    assert opening.stopped == "nested deeper than 64 layers"


def test_too_many_values_stop() -> None:
    root, opening = opened(json.dumps([1] * 50_000).encode())
    assert opening.stopped == "more than 20,000 values"
    assert sum(1 for _ in root.walk()) <= LEAVES + 2


def test_the_budget_is_shared_by_all_roots() -> None:
    opening = Opening()
    opening.open([1] * 15_000, ("body",))
    assert not opening.stopped
    opening.open([1] * 15_000, ("query",))
    assert opening.stopped


@pytest.mark.parametrize("pack", [packed, zlib.compress, zstandard.compress])
def test_too_many_bytes_stop(pack: Any) -> None:
    bomb = pack(bytes(70_000_000))
    root, opening = opened(bomb)
    assert "bytes would come out" in opening.stopped
    assert root.value == bomb


def test_many_small_bombs_share_one_budget() -> None:
    bombs = {i: packed(DICE.randbytes(1_000) * 900) for i in range(1, 90)}
    _, opening = opened({str(k): v for k, v in bombs.items()}, output=20_000_000)
    assert "bytes would come out" in opening.stopped


def test_after_it_stopped_nothing_more_is_opened_but_all_that_was_stays() -> None:
    later = packed(b"later words")
    root, opening = opened({"first": "hello", "bomb": zstandard.compress(bytes(40_000_000)), "then": later})
    assert opening.stopped
    assert "hello" in texts(root)
    assert "later words" not in texts(root)


def test_every_layer_is_kept() -> None:
    inner = json.dumps({"text": "hi there"}).encode()
    root, _ = opened(packed(base64.b64encode(inner)))
    assert [layer.trail for layer in root.layers] == [(), ("gzip",), ("gzip", "base64")]
    assert root.layers[2].value == inner.decode()
    child = root.child("text")
    assert child is not None
    assert (child.value, child.trail) == ("hi there", ("gzip", "base64", "json"))


@pytest.mark.parametrize(
    "text",
    ["internationalisation", "CANARY-repeat-00", "thisisonelongword", "deadbeefdeadbeef", "a1b2c3d4e5f60718"],
)
def test_a_text_that_opens_into_noise_is_closed_again_and_keeps_its_noise(text: str) -> None:
    root, _ = opened(text)
    assert root.value == text
    assert root.trail == ()
    if len(root.layers) > 1:
        assert isinstance(root.layers[-1].value, bytes)


def test_noise_of_a_text_is_shown_to_the_seals() -> None:
    noise = DICE.randbytes(48)
    root, _ = opened(
        base64.b64encode(noise).decode(), recognise=lambda d: Seal("mine", True) if d == noise else None
    )
    assert root.seal == Seal("mine", True)
    assert root.layers[root.sealed_layer].data == noise


def test_a_seal_that_did_not_shut_is_undressed() -> None:
    fake = Seal(
        "mine",
        False,
        "it is text",
        (("4", b"meet me at seven"), ("5", packed(b"by the gate"))),
    )
    root, _ = opened(b"\1\2\3" * 9, recognise=lambda d: fake if d.startswith(b"\1\2\3") else None)
    assert texts(root) == ["meet me at seven", "by the gate"]
    assert [c.step for c in root.children] == ["4", "5"]


def test_a_shut_seal_is_not_replaced() -> None:
    root, _ = opened(
        base64.b64encode(DICE.randbytes(48)).decode(), recognise=lambda d: Seal(str(len(d)), True)
    )
    assert root.seal == Seal("64", True)


@pytest.mark.parametrize(
    ("value", "coding", "found"),
    [
        (protobuf.wrap({1: 7}), "", {"1": 7}),
        (packed(protobuf.wrap({1: 7})), "", {"1": 7}),
        (zstandard.compress(protobuf.wrap({1: 7})), "", {"1": 7}),
        (zlib.compress(protobuf.wrap({1: 7})), "deflate", {"1": 7}),
        (DECODERS["brotli"].wrap(protobuf.wrap({1: 7})), "br", {"1": 7}),
        (zlib.compress(protobuf.wrap({1: 7})), "", None),
        (b'{"a": 1}', "", None),
        (b"hello there", "", None),
        (base64.b64encode(protobuf.wrap({1: 7, 2: 99999999999})), "", None),
    ],
)
def test_an_order_is_tried_there_and_nothing_else(
    value: bytes, coding: str, found: dict[str, Any] | None
) -> None:
    root, _ = opened(
        value,
        clue_from("application/json", coding),
        forced=lambda path: "protobuf" if path == ("body",) else "",
    )
    got = {c.step: c.value for c in root.children} or None
    assert got == found


def test_an_order_is_for_its_place_alone() -> None:
    root, _ = opened(
        {"a": protobuf.wrap({1: 7}), "b": protobuf.wrap({1: 7})},
        forced=lambda p: "protobuf" if p == ("body", "a") else "",
    )
    assert [bool(c.children) for c in root.children] == [True, False]


def test_an_order_looks_through_lists() -> None:
    root, _ = opened(
        {"a": [protobuf.wrap({1: 7})] * 2}, forced=lambda p: "protobuf" if p == ("body", "a") else ""
    )
    assert [n.value for n in root.walk() if n.step == "1"] == [7, 7]


def test_an_order_for_bytes_reads_them_out_of_base64_too() -> None:
    written = base64.b64encode(protobuf.wrap({1: 7, 2: b"abcdefgh"})).decode()
    root, _ = opened({"a": written}, forced=lambda p: "protobuf" if p == ("body", "a") else "")
    assert [n.value for n in root.walk() if n.step == "1"] == [7]


def test_a_path_without_its_positions() -> None:
    assert plain(("body", "#0", "a", "#12", "#b")) == ("body", "a", "#b")


def test_a_lie_in_the_headers_only_costs_the_hint() -> None:
    for media in (
        "application/json",
        "application/x-protobuf",
        "multipart/form-data; boundary=x",
        "text/xml",
        "application/x-www-form-urlencoded",
    ):
        assert opened(packed(b"hello there"), clue_from(media, "br, deflate"))[0].value == "hello there"


@settings(max_examples=200, deadline=None)
@given(
    data=st.binary(max_size=500),
    media=st.text(max_size=40),
    coding=st.sampled_from(["", "gzip", "br", "deflate", "zstd", "br,br"]),
    order=st.sampled_from(["", *DECODERS]),
)
def test_any_bytes_open_without_raising(data: bytes, media: str, coding: str, order: str) -> None:
    begun = time.process_time()
    root, _ = opened(data, clue_from(media, coding), forced=lambda path: order)
    assert root.layers[0].data == data
    assert time.process_time() - begun < 60  # a hang, not a time


@settings(max_examples=200, deadline=None)
@given(
    tree=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.binary(max_size=30),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    )
)
def test_any_tree_opens_without_raising(tree: Any) -> None:
    root, opening = opened(tree)
    assert not opening.stopped
    assert all(n.path[0] == "body" for n in root.walk())


@settings(max_examples=500, deadline=None)
@given(text=st.from_regex(SHORT, fullmatch=True))
def test_short_words_are_left_alone_because_nobody_would_open_them(text: str) -> None:
    """They are not even shown to a decoder, so none may want them."""
    for decoder in DECODERS.values():
        if decoder.reads != "bytes" and not decoder.needs_clue:
            with pytest.raises(ValueError):
                decoder.unwrap(text.encode(), Clue())
    node, _ = opened({"a": text})
    assert node.children[0].value == text
    assert [layer.value for layer in node.children[0].layers] == [text]
