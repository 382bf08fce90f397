"""What all connections of a capture share.

The far leg of a proxy is known by its near one, a far end by what DNS said of its address, a
connection of QUIC by its ids where it changed its address.
"""

from auditor.sources.pcap.dns import Names
from auditor.sources.pcap.flow import Flow
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.legs import Legs
from auditor.sources.pcap.midst import Missed
from auditor.sources.pcap.quic import Quic
from auditor.sources.pcap.quic.connections import Connections
from auditor.sources.pcap.quic_conversation import QuicConversation


class Known:
    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self.names = Names()
        self.legs = Legs()
        self.missed = Missed()
        self.quics = Connections(keys)
        self._begun: dict[Quic, tuple[Flow, QuicConversation]] = {}

    def conversation(self, quic: Quic, flow: Flow) -> QuicConversation:
        """The one that a connection of QUIC is read in, which began in this flow or in an earlier one."""
        if quic not in self._begun:
            host = next(reversed(self.names.of(flow.server.address)), "")
            one = QuicConversation(flow.place, self.keys, flow.entry, flow.client, flow.server, host, quic)
            self._begun[quic] = flow, one
        return self._begun[quic][1]

    def over(self, flow: Flow) -> list[QuicConversation]:
        """Those that began in this flow, of which nothing more comes."""
        ended = [quic for quic, (begun, _) in self._begun.items() if begun == flow]
        return [self._begun.pop(quic)[1] for quic in ended]
