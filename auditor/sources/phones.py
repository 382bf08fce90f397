"""Which private ends of a capture of packets are taken for phones. A guess is told as one."""

from collections.abc import Mapping
from ipaddress import ip_address

SHOWN = 3


def told(talks: Mapping[str, int]) -> str:
    """What the report says of whose traffic it took this for, by how much each of them talks."""
    if not talks:
        return ""
    most = sorted(talks, key=lambda address: (-talks[address], address))[:SHOWN]
    if len(talks) == 1:
        return f"taken for the phone: {most[0]}, the private end"
    more = " ..." if len(talks) > SHOWN else ""
    return f"taken for phones: {', '.join(most)}{more}; --device ADDRESS says which"


def is_hardware(address: str) -> bool:
    """Whether a device is named by no address of IP."""
    try:
        ip_address(address.strip())
    except ValueError:
        return True
    return False
