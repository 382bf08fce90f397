"""Paths, hosts and addresses: tables, and a naive oracle that agrees."""

import time
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.decoders.unwrap import Node, Opening
from auditor.rulebook.paths import Pattern, address_fits, host_fits, step_fits


def opened(tree: Any) -> Node:
    root = Node(())
    root.children = [Opening().open(tree, ("body",))]
    return root


def values(path: str, tree: Any) -> list[Any]:
    return [node.value for node in Pattern.parse(path).select(opened(tree))]


def paths(path: str, tree: Any) -> list[str]:
    return [".".join(node.path) for node in Pattern.parse(path).select(opened(tree))]


XML = "<m to='bob'><body>hi</body><e xmlns='urn:x'><key rid='2'>k</key></e><f xmlns='urn:y'/></m>"
TREE = {
    "a": {"b": 1, "c": {"b": 2}},
    "m.new": {"b": 3},
    "list": [{"b": 4}, {"b": 5}, [{"b": 6}]],
    "plain": ["x", "y"],
    "send1": 7,
    "send22": 8,
    "@at": 9,
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("body.a.b", [1]),
        ("body.a.c.b", [2]),
        ("body.'m.new'.b", [3]),
        ("body.m.new.b", []),
        ("body.*.b", [1, 3, 4, 5, 6]),
        ("body.a.*", [1, None]),
        ("body.a.*.b", [2]),
        ("body.a.**.b", [1, 2]),
        ("body.**.b", [1, 2, 3, 4, 5, 6]),
        ("body.**.**.b", [1, 2, 3, 4, 5, 6]),
        ("body.**.c.**.b", [2]),
        ("**.b", [1, 2, 3, 4, 5, 6]),
        ("body.list.b", [4, 5, 6]),
        ("body.list.#0.b", [4]),
        ("body.list.#1.b", [5]),
        ("body.list.#2.b", [6]),
        ("body.list.#3.b", []),
        ("body.list.#2.#0.b", [6]),
        ("body.plain", ["x", "y"]),
        ("body.plain.#1", ["y"]),
        ("body.send*", [7, 8]),
        ("body.send?", [7]),
        ("body.'send*'", []),
        ("body.'*'", []),
        ("body.'**'", []),
        ("body.b", []),
        ("body.a.b.c", []),
        ("bod", []),
    ],
)
def test_a_path_selects(path: str, found: list[Any]) -> None:
    assert values(path, TREE) == found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("body.m.body", ["hi"]),
        ("body.m.@to", ["bob"]),
        ("body.m.*|e.key.@rid", ["2"]),
        ("body.m.'urn:x|e'.key.@rid", ["2"]),
        ("body.m.e.key", []),
        ("body.m.*|g", []),
        ("body.m.urn:y|f", [""]),
    ],
)
def test_a_path_selects_in_xml(path: str, found: list[str]) -> None:
    assert values(path, XML.encode()) == found


@pytest.mark.parametrize(
    "path", ["body.*", "body.**", "body.m.*", "body.m.**", "**", "body.**.*", "body.?to", "body.m.?to"]
)
def test_an_attribute_is_never_found_by_a_wildcard(path: str) -> None:
    assert not any("@" in found for found in paths(path, XML.encode()))


def test_no_node_is_selected_twice() -> None:
    for path in ("body.**.**.**", "**.**", "body.**.*.**", "body.**"):
        nodes = Pattern.parse(path).select(opened(TREE))
        assert len(nodes) == len({id(node) for node in nodes})


def test_lists_are_never_selected_themselves() -> None:
    assert not any(node.listing for node in Pattern.parse("body.**").select(opened(TREE)))


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.", "a..b", " a", "a b", "a[0]", "a{b}", "'a", "a'b'", "'a'b", "a.'b", "a\nb"]
)
def test_what_is_no_path_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        Pattern.parse(text)


def test_many_wildcards_on_a_deep_and_wide_tree_stay_fast() -> None:
    tree: Any = {"x": 1}
    for _ in range(55):
        tree = {"a": tree, "b": [1, {"c": 2}]}
    root = opened(tree)
    begun = time.process_time()
    Pattern.parse("body." + "**." * 40 + "x").select(root)
    Pattern.parse("body." + "**.a." * 25 + "zzz").select(root)
    assert not Pattern.parse("**.a." * 30 + "zzz").covers(("a",) * 60)
    assert not address_fits(("**", "a*a*a*a*b") * 20, ("a" * 60,) * 60)
    assert not host_fits("a*a*a*a*a*a*a*b.x", "a" * 63 + ".x")
    assert time.process_time() - begun < 60  # a hang, not a time


STEPS = ["a", "b", "*", "**", "a*", "#0", "'a'", "'*'", "c.d"]
NAMES = st.sampled_from(["a", "b", "ab", "*", "c"])
TREES = st.recursive(
    st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
PATTERNS = st.lists(st.sampled_from(STEPS), min_size=1, max_size=5).map(
    lambda steps: "body." + ".".join(steps)
)


def naive(steps: list[tuple[str, bool]], node: Node) -> list[Node]:
    """What a path means, said again and slowly."""
    if not steps:
        return [n for child in node.children for n in naive(steps, child)] if node.listing else [node]
    (step, literal), rest = steps[0], steps[1:]
    if step == "**" and not literal:
        return naive(rest, node) + [n for child in node.children for n in naive(steps, child)]
    if node.listing and not step.startswith("#"):
        return [n for child in node.children for n in naive(steps, child)]
    fits = [c for c in node.children if (c.step == step if literal else fnmatchcase(c.step, step))]
    return [n for child in fits for n in naive(rest, child)]


@settings(max_examples=400, deadline=None)
@given(tree=TREES, text=PATTERNS)
def test_a_naive_oracle_selects_the_same_nodes(tree: Any, text: str) -> None:
    root, pattern = opened(tree), Pattern.parse(text)
    expected = naive(list(zip(pattern.steps, pattern.quoted, strict=True)), root)
    found = pattern.select(root)
    assert {id(n) for n in found} == {id(n) for n in expected}
    assert len(found) == len({id(n) for n in found})


@settings(max_examples=400, deadline=None)
@given(text=PATTERNS.filter(lambda t: "#" not in t), names=st.lists(NAMES, max_size=6))
def test_a_pattern_covers_a_path_where_it_would_select_it(text: str, names: list[str]) -> None:
    tree: Any = 1
    for name in reversed(names):
        tree = {name: tree}
    path = ("body", *names)
    selected = {node.path for node in Pattern.parse(text).select(opened(tree))}
    assert Pattern.parse(text).covers(path) == (path in selected)


@pytest.mark.parametrize(
    ("pattern", "host", "fits"),
    [
        ("chat.signal.org", "chat.signal.org", True),
        ("chat.signal.org", "CHAT.Signal.ORG", True),
        ("chat.signal.org", "chat.signal.org.", True),
        ("chat.signal.org", "xchat.signal.org", False),
        ("chat.signal.org", "chat.signal.org.evil.com", False),
        ("chat.signal.org", "chat-signal.org", False),
        ("chat.signal.org", "chatxsignal.org", False),
        ("chat.signal.org", "", False),
        ("chat.signal.org", "chat.signal.org\n", False),
        ("*.signal.org", "signal.org", False),
        ("*.signal.org", "a.signal.org", True),
        ("*.signal.org", "a.b.signal.org", True),
        ("*.signal.org", "evilsignal.org", False),
        ("*.signal.org", "signal.org.evil.com", False),
        ("im-api*.tiktok.com", "im-api.tiktok.com", True),
        ("im-api*.tiktok.com", "im-api-va.tiktok.com", True),
        ("im-api*.tiktok.com", "im-api.evil.tiktok.com", False),
        ("im-api*.tiktok.com", "im-api.evil.com/.tiktok.com", False),
        ("im-api*.tiktok.com", "im-api.tiktok.com.evil.com", False),
        ("im-api*.tiktok.com", "im-api.tiktok.evil.com", False),
        ("im-api.*.tiktok.com", "im-api.us.tiktok.com", True),
        ("im-api.*.tiktok.com", "im-api.us.x.tiktok.com", False),
        ("im-api.*.tiktok.com", "im-api.tiktok.com", False),
        ("api*-normal*.tiktokv.*", "api16-normal-c-useast1a.tiktokv.com", True),
        ("api*-normal*.tiktokv.*", "api-normal.tiktokv.com.evil.com", False),
        ("api*-normal*.tiktokv.*", "api-normal.tiktokv.co.uk", False),
        ("api*-normal*.tiktokv.*", "api-normal.evil.tiktokv.com", False),
        ("api*-normal*.tiktokv.*", "api.x-normal.tiktokv.com", False),
        ("*", "anything.example", True),
        ("*", "localhost", True),
        ("[abc].org", "a.org", False),
        ("[abc].org", "[abc].org", True),
    ],
)
def test_a_host_fits_label_by_label(pattern: str, host: str, fits: bool) -> None:
    assert host_fits(pattern, host) is fits


@settings(max_examples=200, deadline=None)
@given(pattern=st.text("ab.*?[-", max_size=12), host=st.text("ab.\n*", max_size=12))
def test_any_host_is_compared_without_raising(pattern: str, host: str) -> None:
    assert host_fits(pattern, host) in (True, False)
    assert not (
        host_fits(pattern, host)
        and not pattern.startswith("*")
        and host.rstrip(".").count(".") != pattern.count(".")
    )


def segments(path: str) -> tuple[str, ...]:
    return tuple(s for s in path.split("/") if s)


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/v1/message/send", "/v1/message/send", True),
        ("/v1/message/send", "/v1/message/send/", True),
        ("/v1/message/send", "/v1/message/send/x", False),
        ("/v1/message/send", "/v1/message", False),
        ("/v1/message/send", "/v1/Message/send", False),
        ("/v1/messages/*", "/v1/messages/abc", True),
        ("/v1/messages/*", "/v1/messages", False),
        ("/v1/messages/*", "/v1/messages/a/b", False),
        ("/upload/**", "/upload", True),
        ("/upload/**", "/upload/a/b/c", True),
        ("/**/send", "/a/b/send", True),
        ("/**/send", "/a/send/b", False),
        ("/a/**/b/**/c", "/a/b/x/b/c", True),
        ("/send*", "/send_message", True),
        ("/send?", "/send", False),
        ("/a[b]", "/ab", False),
        ("/a[b]", "/a[b]", True),
        ("/", "/", True),
        ("/", "/x", False),
    ],
)
def test_an_address_fits_segment_by_segment(pattern: str, path: str, fits: bool) -> None:
    assert address_fits(segments(pattern), segments(path)) is fits


@pytest.mark.parametrize(
    ("step", "name", "fits"),
    [
        ("a", "a", True),
        ("a", "A", False),
        ("a*", "abc", True),
        ("*", "a.b", True),
        ("*", "urn:x|e", True),
        ("e*", "urn:x|e", False),
        ("*|e", "urn:x|e", True),
        ("*|e", "e", False),
        ("*|*", "urn:x|e", True),
    ],
)
def test_a_step_fits_a_name(step: str, name: str, fits: bool) -> None:
    assert step_fits(step, name) is fits
