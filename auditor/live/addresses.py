"""The addresses of this machine that a phone beside it could reach."""

import ipaddress
import socket

LOOPBACK = "127.0.0.1"
_FAR = (("192.0.2.1", 9), ("10.255.255.255", 9), ("192.168.255.255", 9), ("2001:db8::1", 9))


def addresses() -> list[str]:
    """The one that the way out begins at comes first; without any network only loopback."""
    found = [address for far in _FAR if (address := _towards(*far))]
    try:
        rows = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
        found += [str(row[4][0]) for row in rows]
    except OSError:
        pass
    return [*(one for one in dict.fromkeys(found) if worth_using(one)), LOOPBACK]


def worth_using(text: str) -> bool:
    """What a phone in the same network can reach: no loopback, and nothing that needs a zone."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_link_local or address.is_unspecified)


def _towards(host: str, port: int) -> str:
    """Which of our addresses would be used to talk to another. Nothing is sent."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            probe.connect((host, port))
            return str(probe.getsockname()[0])
    except OSError:
        return ""


def shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
