"""Apps of several tempers: `python apps.py ADDRESS OURS REAL TEXT TEMPER:PORT...` tries them one by one.

OURS is the authority of the proxy, REAL the one that the servers have their certificates from.
Each asks for TEMPER.apps.example until it could say its text; how many tries it took is one line.
"""

import asyncio
import socket
import ssl
import sys
import time
from collections.abc import Callable

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.quic.configuration import QuicConfiguration

PATIENCE = 10.0
TRIES, PAUSE = 9, 0.5  # the proxy may still be busy with the last one that left
RESOLVER = ("10.0.0.53", 53)  # that of the tunnel


def _tls(context: ssl.SSLContext, host: str, address: str, port: int) -> ssl.SSLSocket:
    return context.wrap_socket(socket.create_connection((address, port), PATIENCE), server_hostname=host)


def trusting(host: str, address: str, port: int, authority: str, text: bytes) -> bytes:
    with _tls(ssl.create_default_context(cafile=authority), host, address, port) as link:
        head = (
            f"POST /say HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}"
        )
        link.sendall(f"{head}\r\n\r\n".encode() + text)
        answer = b""
        while not answer.endswith(text):
            answer += link.recv(65536) or text
        return answer


def distrusting(host: str, address: str, port: int, real: str, text: bytes) -> bytes:
    """Trusts what the machine came with, and no authority that a user added."""
    return trusting(host, address, port, real, text)


def pinning(host: str, address: str, port: int, authority: str, text: bytes) -> bytes:
    """Trusts the proxy's authority, and leaves all the same where the certificate is not its own."""
    context = ssl.create_default_context(cafile=authority)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with _tls(context, host, address, port) as link:
        if b"auditor session" in (link.getpeercert(binary_form=True) or b""):
            return b""
        link.sendall(text)
        return link.recv(len(text))


def raw(_: str, address: str, port: int, __: str, text: bytes) -> bytes:
    with socket.create_connection((address, port), PATIENCE) as link:
        link.sendall(b"\0\1" + text)
        return link.recv(len(text) + 2)


def quic(host: str, address: str, port: int, real: str, text: bytes) -> bytes:
    """As browsers do: no authority that a user added is trusted in QUIC."""

    async def say() -> bytes:
        wanted = QuicConfiguration(alpn_protocols=["echo"], server_name=host, idle_timeout=PATIENCE)
        wanted.load_verify_locations(real)
        async with connect(address, port, configuration=wanted) as link:
            assert isinstance(link, QuicConnectionProtocol)
            reader, writer = await link.create_stream()
            writer.write(text)
            writer.write_eof()
            return await asyncio.wait_for(reader.read(), PATIENCE)

    return asyncio.run(say())


def asking(host: str, _: str, __: int, ___: str, ____: bytes) -> bytes:
    """Looks a name up, and never comes to it."""
    name = b"".join(bytes([len(part)]) + part.encode() for part in host.split("."))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.settimeout(PATIENCE)
        link.sendto(b"\0\7\1\0\0\1\0\0\0\0\0\0" + name + b"\0\0\1\0\1", RESOLVER)
        return link.recv(2048)


TEMPERS: dict[str, Callable[[str, str, int, str, bytes], bytes]] = {
    "trusting": trusting, "distrusting": distrusting, "pinning": pinning, "raw": raw, "quic": quic,
    "asking": asking,
}  # fmt: skip


def tries(temper: str, address: str, port: int, trusted: str, text: bytes) -> int:
    for number in range(1, TRIES + 1):
        try:
            if TEMPERS[temper](f"{temper}.apps.example", address, port, trusted, text):
                return number
        except OSError:  # and so are the errors of TLS, and of time
            pass
        time.sleep(PAUSE)
    return 0


def main(address: str, ours: str, real: str, text: str, *steps: str) -> None:
    for step in steps:
        temper, _, port = step.partition(":")
        trusted = real if temper in ("distrusting", "quic") else ours
        print(temper, tries(temper, address, int(port), trusted, text.encode()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
