"""What all connections of a capture share.

The far leg of a proxy is known by its near one, a far end by what DNS said of its address, a
connection of QUIC by its ids where it changed its address.
"""

from auditor.sources.pcap.dns import Names
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.legs import Legs
from auditor.sources.pcap.quic.connections import Connections
from auditor.sources.pcap.webs import Webs


class Known:
    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self.names = Names()
        self.legs = Legs()
        self.quics = Connections(keys)
        self.webs = Webs()
