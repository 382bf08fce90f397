"""What is taken of a flow is what the flow says of itself."""

import pytest
from mitmproxy import flow, http
from mitmproxy.test import tflow, tutils

from auditor.live.states import known
from auditor.sources.flows import Flow, flow_of


def told(one: flow.Flow) -> Flow:
    """As a dump has it, but for the messages of a connection."""
    return flow_of({**one.get_state(), "messages": [], "websocket": None})


def streamed() -> http.HTTPFlow:
    one = tflow.tflow(resp=tutils.tresp(content=None), req=tutils.treq(content=None))
    one.request.trailers = http.Headers(end=b"yes")
    assert one.response
    one.response.trailers = http.Headers(end=b"no")
    return one


FLOWS = {
    "asked": tflow.tflow(),
    "answered": tflow.tflow(resp=True),
    "failed": tflow.tflow(err=True),
    "streamed": streamed(),
    "websocket": tflow.twebsocketflow(),
    "tcp": tflow.ttcpflow(),
    "tcp that failed": tflow.ttcpflow(err=True),
    "udp": tflow.tudpflow(),
    "dns": tflow.tdnsflow(resp=True),
}


@pytest.mark.parametrize("name", FLOWS)
def test_a_flow_is_known_as_it_tells_itself(name: str) -> None:
    assert known(FLOWS[name]) == told(FLOWS[name])
