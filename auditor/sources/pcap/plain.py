"""What is said in the open: protocols that are known by their first words and hide nothing of the rest."""

from collections.abc import Sequence

from auditor import words
from auditor.sources.pcap import recognise, records
from auditor.sources.pcap.wire import Facts, Said
from auditor.streams import STREAMS

SPOKEN = (
    "imap", "irc", "mqtt", "msnp", "msrp", "nmdc", "oscar", "pop3", "sip", "smpp", "smtp", "xmpp", "ymsg",
)  # fmt: skip


def plain(said: Sequence[Said]) -> tuple[str, Facts] | None:
    """The protocol in which a stream begins, and what that shows; None where it is no such one."""
    client, server = (b"".join(data for way, data in said if way is side) for side in (True, False))
    if recognise.http1(client, server) or recognise.http2(client, server):
        name = "HTTP"
    else:
        starts = ((True, client), (False, server))
        known = (
            one for one in SPOKEN for way, start in starts if start and STREAMS[one].recognises(way, start)
        )
        name = next(known, "").upper()
    if not name:
        return None
    sealed = any(records.looks_like(data) for _, data in said[1:])
    return name, (("open", words.OPEN_AT_FIRST if sealed else words.OPEN),)
