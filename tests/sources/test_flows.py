"""States of flows: what we ask of them, against what mitmproxy itself says."""

from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.test import tflow

from auditor.sources.flows import FORMAT, flow_of, lines, mended


def state(**request: Any) -> dict[str, Any]:
    flow = tflow.tflow(resp=True)
    made: dict[str, Any] = flow.get_state()
    made["request"] |= request
    return made


@pytest.mark.parametrize(
    "request_",
    [
        {"http_version": b"HTTP/1.1", "headers": ((b"Host", b"a.example"),), "authority": b""},
        {"http_version": b"HTTP/1.1", "headers": ((b"host", b"a.example:8443"),), "authority": b"b.example"},
        {"http_version": b"HTTP/1.1", "headers": (), "authority": b"b.example"},
        {"http_version": b"HTTP/2.0", "headers": (), "authority": b"b.example:443"},
        {"http_version": b"HTTP/2.0", "headers": ((b"host", b"a.example"),), "authority": b""},
        {"http_version": b"HTTP/3", "headers": (), "authority": b"[2001:db8::1]:443"},
    ],
    ids=str,
)
def test_the_host_is_the_one_that_mitmproxy_finds_pretty(request_: dict[str, Any]) -> None:
    made = state(**request_)
    ours = flow_of(made).request
    assert ours is not None
    theirs: Any = http.HTTPFlow.from_state(made)
    assert ours.asked_host == theirs.request.pretty_host


def test_headers_and_trailers_are_lines_with_names_in_lower_case() -> None:
    made = state(headers=((b"X-One", b"1"), (b"x-two", b"\xe9")), trailers=((b"X-Three", b"3"),))
    request = flow_of(made).request
    assert request is not None
    assert lines(request) == (("x-one", "1"), ("x-two", "\u00e9"), ("x-three", "3"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"headers": [[b"one"]]}, {"headers": b""}, {"host": 7}, {"port": "x"}, {"content": "text"},
        {"method": None}, {"path": ["a"]}, {"timestamp_start": "now"},
    ],
    ids=str,
)  # fmt: skip
def test_a_state_with_a_wrong_type_is_a_value_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"request"):
        flow_of(state(**wrong))


@pytest.mark.parametrize("missing", ["type", "client_conn", "server_conn"])
def test_a_state_without_what_every_flow_has_is_a_value_error(missing: str) -> None:
    made = state()
    del made[missing]
    with pytest.raises(ValueError, match=missing):
        flow_of(made)


@pytest.mark.parametrize(
    "flow", [tflow.ttcpflow(), tflow.tudpflow(), tflow.tdnsflow(), tflow.twebsocketflow()]
)
def test_every_kind_of_flow_that_mitmproxy_writes_is_known(flow: Any) -> None:
    made = flow.get_state()
    assert made["version"] == FORMAT
    assert flow_of(made).type == made["type"]


def test_tls_that_was_only_meant_is_not_tls() -> None:
    made = tflow.ttcpflow().get_state()
    for side in ("client_conn", "server_conn"):
        made[side] |= {"tls": True, "tls_version": None, "timestamp_tls_setup": None}
    assert not flow_of(made).secured
    made["client_conn"]["tls_version"] = "TLSv1.3"
    assert flow_of(made).secured


def test_hosts_and_frames_of_old_formats_are_put_right() -> None:
    made = state(host=b"old.example") | {
        "websocket": {"messages": [[1, True, "m\u00f6ve", 5.0], [2, False, b"\0", 6.0]]}
    }
    flow = flow_of(mended(made))
    assert flow.request is not None and flow.websocket is not None
    assert flow.request.host == "old.example"
    assert [one.content for one in flow.websocket.messages] == ["m\u00f6ve".encode(), b"\0"]
    with pytest.raises(ValueError, match=r"host"):
        flow_of(made)
