"""Names that are looked up where the proxy hears it."""

from mitmproxy.test.tflow import tdnsflow

from auditor.live.names import Names
from auditor.sources.records import Asked


def test_every_question_is_written_down() -> None:
    heard: list[Asked] = []
    flow = tdnsflow()
    flow.request.questions[0].name = "Chat.Example."
    Names(heard.append).dns_request(flow)
    assert heard == [Asked("chat.example", flow.timestamp_created)]
