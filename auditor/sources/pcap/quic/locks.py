"""The locks of one connection, made of its secrets as soon as its hello is known."""

from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.quic.lock import Lock
from auditor.sources.pcap.quic.protection import Opener, suites
from auditor.sources.pcap.quic.versions import EARLY, HANDSHAKE, LABELS, SHORT

_SECRETS = {
    (EARLY, True): "CLIENT_EARLY_TRAFFIC_SECRET",
    (HANDSHAKE, True): "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    (HANDSHAKE, False): "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    (SHORT, True): "CLIENT_TRAFFIC_SECRET_0",
    (SHORT, False): "SERVER_TRAFFIC_SECRET_0",
}


class Locks:
    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._random: bytes | None = None
        self._locks: dict[tuple[str, bool], Lock] = {}

    def greet(self, random: bytes) -> None:
        """A client said hello with this random number: whatever was before it is over."""
        self._random = random
        self._locks.clear()

    def get(self, kind: str, from_client: bool) -> Lock | None:
        return self._locks.get((kind, from_client))

    def make(self, kind: str, from_client: bool, cipher: int) -> Lock | None:
        """The lock of this level; nothing where its secret is not known. `cipher` may be 0: not known."""
        lock = self._locks.get((kind, from_client))
        secret = None if lock else self._secret(kind, from_client)
        if secret is None:
            return lock
        fitting = suites(secret, 0 if kind == EARLY else cipher)
        openers = [Opener(secret, suite, labels) for suite in fitting for labels in LABELS]
        lock = self._locks[kind, from_client] = Lock(openers, phased=kind == SHORT)
        return lock

    def generation(self, from_client: bool) -> int:
        lock = self.get(SHORT, from_client)
        return lock.generation if lock else 0

    @property
    def opened(self) -> int:
        """Packets with content."""
        return sum(lock.opened for (kind, _), lock in self._locks.items() if kind != HANDSHAKE)

    def shut(self, name: str, inner: bool) -> str:
        """Why content stays shut; nothing where it does not. `inner`: the hello holds an encrypted one."""
        missing = [way for way in (True, False) if self._secret(SHORT, way) is None]
        if len(missing) == 2:
            other = "; the hello holds an encrypted one, whose random may be another" if inner else ""
            return f"no secret for {name}{other}"
        if missing:
            return f"no secret for what the {'client' if missing[0] else 'server'} says, {name}"
        locks = [lock for (kind, _), lock in self._locks.items() if kind == SHORT]
        if any(lock.misses for lock in locks) and not any(lock.opened for lock in locks):
            return f"the secret for {name} opens nothing: it belongs to another leg"
        return "too many packets in a row did not open" if any(lock.given_up for lock in locks) else ""

    def _secret(self, kind: str, from_client: bool) -> bytes | None:
        label = _SECRETS.get((kind, from_client))
        if label is None or self._random is None:
            return None
        found = self._keys.find(label, self._random)
        return found or self._keys.find(f"QUIC_{label}", self._random)  # as drafts wrote it
