"""Who may use the proxy: the first device that comes, or those that were allowed.

Whoever else shares the network could send traffic through it, and it would be in the evidence.
"""

import ipaddress
import logging

from mitmproxy import connection
from mitmproxy.proxy import mode_specs

log = logging.getLogger(__name__)
MOST = 1000  # strangers that are told apart
# Apps of this machine, and who has the key of the tunnel, inside which a phone has another address.
_KNOWN = (mode_specs.LocalMode, mode_specs.WireGuardMode)


class Guests:
    """An addon that closes the connections of all others."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self.allowed = {_plain(address) for address in allowed}
        self.first = not allowed
        self.strangers: dict[str, int] = {}

    def client_connected(self, client: connection.Client) -> None:
        if isinstance(client.proxy_mode, _KNOWN) or not client.peername:
            return
        if not self.welcome(str(client.peername[0])):
            client.error = "this device is not the one that is audited"

    def welcome(self, address: str) -> bool:
        who = _plain(address)
        if self.first:
            self.first = False
            self.allowed.add(who)
            log.info("auditor: %s is the device that is audited; others are turned away", who)
        if who in self.allowed:
            return True
        if who not in self.strangers and len(self.strangers) < MOST:
            self.strangers[who] = 0
            log.warning("auditor: %s was turned away: --allow %s lets it in", who, who)
        if who in self.strangers:
            self.strangers[who] += 1
        return False


def _plain(text: str) -> str:
    """An address in one spelling."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text
    return str(getattr(address, "ipv4_mapped", None) or address)
