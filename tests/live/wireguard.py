"""WireGuard without a kernel for it: `python wireguard.py PROFILE COMMAND...` runs COMMAND behind the tunnel.

The command gets a network of its own, in which there is nothing but the tunnel. That takes root,
/dev/net/tun and the program `ip`; MISSING says what is not there. The handshake is Noise
IKpsk2 as the WireGuard paper writes it down (section 5.4), from the side that begins, once.
"""

import ctypes
import fcntl
import hashlib
import hmac
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from base64 import b64decode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

TUN = Path("/dev/net/tun")
MISSING = [
    what
    for what, there in {
        "root": os.geteuid() == 0,
        "the program ip": shutil.which("ip") is not None,
        str(TUN): TUN.exists(),
    }.items()
    if not there
]
ADDRESS = "10.0.0.1"
CONSTRUCTION = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
IDENTIFIER = b"WireGuard v1 zx2c4 Jason@zx2c4.com"
NEWNET, TUNSETIFF, NO_HEADER = 0x40000000, 0x400454CA, 0x1001


def _hash(*parts: bytes) -> bytes:
    return hashlib.blake2s(b"".join(parts)).digest()


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, "blake2s").digest()


def _keys(chain: bytes, data: bytes, count: int) -> list[bytes]:
    secret, keys = _mac(chain, data), [b""]
    for number in range(1, count + 1):
        keys.append(_mac(secret, keys[-1] + bytes([number])))
    return keys[1:]


def _nonce(number: int) -> bytes:
    return bytes(4) + struct.pack("<Q", number)


class Tunnel:
    """Packets in, packets out; `begin` shakes hands."""

    def __init__(self, profile: str) -> None:
        said = dict(re.findall(r"(?m)^(\w+) = (.+)$", profile))
        self.own = X25519PrivateKey.from_private_bytes(b64decode(said["PrivateKey"]))
        self.peer = b64decode(said["PublicKey"])
        host, _, port = said["Endpoint"].rpartition(":")
        self.link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.link.connect((host, int(port)))
        self.link.settimeout(10)
        self.count = 0

    def begin(self) -> None:
        short = X25519PrivateKey.generate()
        public, peer = short.public_key().public_bytes_raw(), X25519PublicKey.from_public_bytes(self.peer)
        chain = _hash(CONSTRUCTION)
        seen = _hash(_hash(chain, IDENTIFIER), self.peer)
        (chain,) = _keys(chain, public, 1)
        seen = _hash(seen, public)
        chain, key = _keys(chain, short.exchange(peer), 2)
        own = ChaCha20Poly1305(key).encrypt(_nonce(0), self.own.public_key().public_bytes_raw(), seen)
        seen = _hash(seen, own)
        chain, key = _keys(chain, self.own.exchange(peer), 2)
        now = struct.pack(">QI", (1 << 62) + 10 + int(time.time()), 0)
        stamp = ChaCha20Poly1305(key).encrypt(_nonce(0), now, seen)
        seen = _hash(seen, stamp)
        said = struct.pack("<II", 1, 7) + public + own + stamp
        mac = hashlib.blake2s(said, key=_hash(b"mac1----", self.peer), digest_size=16).digest()
        self.link.send(said + mac + bytes(16))
        answer = b""
        while answer[:1] != b"\2":  # what belongs to an earlier tunnel comes here as well
            answer = self.link.recv(65536)
        (self.index,) = struct.unpack("<I", answer[4:8])
        theirs = X25519PublicKey.from_public_bytes(answer[12:44])
        (chain,) = _keys(chain, answer[12:44], 1)
        seen = _hash(seen, answer[12:44])
        (chain,) = _keys(chain, short.exchange(theirs), 1)
        (chain,) = _keys(chain, self.own.exchange(theirs), 1)
        chain, mixed, key = _keys(chain, bytes(32), 3)
        ChaCha20Poly1305(key).decrypt(_nonce(0), answer[44:60], _hash(seen, mixed))
        ours, others = _keys(chain, b"", 2)
        self.out, self.back = ChaCha20Poly1305(ours), ChaCha20Poly1305(others)

    def send(self, packet: bytes) -> None:
        head = struct.pack("<IIQ", 4, self.index, self.count)
        self.link.send(head + self.out.encrypt(_nonce(self.count), packet + bytes(-len(packet) % 16), b""))
        self.count += 1

    def receive(self) -> bytes:
        """One packet; nothing where it was only a sign of life."""
        data = self.link.recv(65536)
        if data[:4] != b"\4\0\0\0":
            return b""
        packet = self.back.decrypt(_nonce(struct.unpack("<Q", data[8:16])[0]), data[16:], b"")
        return packet[: int.from_bytes(packet[2:4])] if packet else b""


def network(*said: str) -> None:
    """A network of its own for this thread and what it starts, set up as `ip` is told."""
    if ctypes.CDLL(None, use_errno=True).unshare(NEWNET):
        raise OSError(ctypes.get_errno(), "no network of our own")
    for words in ("link set lo up", *said):
        subprocess.run(["ip", *words.split()], check=True)


def _device() -> int:
    """A network with one device, which leads to us."""
    network()
    device = os.open(TUN, os.O_RDWR)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", b"wg0", NO_HEADER))
    for said in (f"addr add {ADDRESS}/32 dev wg0", "link set wg0 mtu 1420 up", "route add default dev wg0"):
        subprocess.run(["ip", *said.split()], check=True)
    return device


def main(profile: str, *command: str) -> int:
    tunnel = Tunnel(Path(profile).read_text())
    tunnel.begin()
    device = _device()

    def carry() -> None:
        while True:
            for ready in select.select([device, tunnel.link.fileno()], [], [])[0]:
                if ready == device:
                    tunnel.send(os.read(device, 65536))
                elif packet := tunnel.receive():
                    os.write(device, packet)

    threading.Thread(target=carry, daemon=True).start()
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
