"""Why a handshake failed, in plain words: what the proxy's library said of it, and what that means."""

import re

from auditor.sources import heads
from auditor.sources.records import Refused
from auditor.text import printable

_REFUSED = "the app refused the proxy's certificate"
LEFT = "the app shook hands and left without a word: it may have refused the proxy's certificate"
_REASONS = (
    ("certificate|unknown ca", _REFUSED),
    ("connection closed", "the app hung up in the handshake: it may have refused the proxy's certificate"),
    ("Cannot parse ClientHello", "the app began with something that the proxy does not read as TLS"),
    ("unsupported protocol|protocol version", "the app and the proxy share no version of TLS"),
)


def reason_of(record: Refused) -> str:
    """Why a handshake failed, in plain words."""
    error = printable(heads.clean(record.error))[:200]
    if record.side != "client":
        return f"the handshake with the server failed: {error or 'no reason was given'}"
    for pattern, reason in _REASONS:
        if re.search(pattern, record.error):
            return reason
    return f"the handshake with the app failed: {error or 'no reason was given'}"
