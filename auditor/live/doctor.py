"""What is wrong with a session, and what to do about it: one diagnosis a trouble, each with its fix.

Laws: it says what was seen and never guesses a verdict from it; where a sign has two causes,
both are named; what was seen to work is said as well.
"""

from collections.abc import Collection, Iterable, Iterator
from statistics import median

from msgspec import Struct, structs

from auditor.live.watch import CERTIFICATE, Host, Watch
from auditor.sources.probed import REFUSED
from auditor.text import printable
from auditor.words import count

_WHOLE = {"wireguard", "local"}  # modes that take what never asked for a proxy
SKEW = 300.0  # seconds by which clocks may differ


class Diagnosis(Struct, frozen=True):
    kind: str  # ok | trouble | hint
    about: str  # a host, or what was looked at
    what: str
    fix: str = ""


_OPEN = (
    "to read it: a debug build that trusts user certificates, a rooted phone or an emulator with the"
    " certificate among the system's, or a key log"
)
_INSTALL = (
    "install the certificate from the set-up page; on iOS also switch it on under Certificate Trust Settings;"
    " then open any https page in the phone's browser"
)


_BARE = (
    "for who makes the app: check the chain, the name and the dates; for who uses it: whoever runs the"
    " network can read and change what it says"
)


def diagnoses(watch: Watch, modes: Iterable[str] = ()) -> list[Diagnosis]:
    """`modes` are those of the proxy, where they are known: what it could see depends on them."""
    hosts = _folded(_hosts(watch))
    ways = [*_past(watch), *_names(watch), *_unseen(watch, modes)]
    return [*_reached(watch), *_trusted(watch), *hosts, *ways, *_clock(watch)]


def _folded(found: Iterable[Diagnosis]) -> Iterator[Diagnosis]:
    """Hosts with the same trouble are told of together."""
    alike: dict[Diagnosis, list[str]] = {}
    for one in found:
        alike.setdefault(structs.replace(one, about=""), []).append(one.about)
    for one, hosts in alike.items():
        yield structs.replace(one, about=_some(hosts))


def _reached(watch: Watch) -> Iterator[Diagnosis]:
    if watch.devices:
        came = ", ".join(printable(one) for one in list(watch.devices)[:5])
        yield Diagnosis("ok", "reach", f"the proxy was reached by {came}")
        return
    yield Diagnosis(
        "trouble", "reach", "nobody reached the proxy",
        "same Wi-Fi for both? no guest network that keeps devices apart, no firewall on this machine?"
        " is the proxy or the tunnel switched on in the phone, with this address and port?",
    )  # fmt: skip


def _trusted(watch: Watch) -> Iterator[Diagnosis]:
    hosts = list(watch.hosts.items())
    refused = [host for host, one in hosts if any(kind in one.alerts for kind in CERTIFICATE)]
    if watch.trusted:
        yield Diagnosis("ok", "trust", "the proxy's certificate is trusted: TLS was opened")
        if early := [host for host, one in hosts if one.early and not (one.spoke or one.refused)]:
            what = f"{_some(early)} refused the certificate before anybody trusted it, and did not come again"
            yield Diagnosis("hint", "trust", what, "that tells nothing of the app yet: use it once more")
    elif refused:
        times = count(len(refused), "host")
        what = f"no app trusts the proxy's certificate: refused for {times}, accepted for none"
        yield Diagnosis("trouble", "trust", what, _INSTALL)
    elif watch.devices:
        yield Diagnosis("hint", "trust", "no TLS was opened yet", _INSTALL)


def _hosts(watch: Watch) -> Iterator[Diagnosis]:
    for name, one in sorted(watch.hosts.items()):
        host = printable(name)
        if one.passed:
            what = f"{count(one.passed, 'connection')} passed through unopened: {printable(one.why)}"
            fix = "--open HOST never passes it through"
            yield Diagnosis("trouble", host, what, fix if one.alerts else f"{_OPEN}; {fix}")
        yield from _probed(host, one)
        for kind, times in sorted(one.alerts.items()):
            yield _refusal(host, kind, times, watch.trusted)
        if one.left and not one.spoke:
            what = f"shook hands and left without a word, {count(one.left, 'time')}: it checks late"
            yield Diagnosis("trouble", host, f"{what} (pinned), or it opened a connection to spare", _OPEN)
        if one.server:
            fix = "does the host answer from this machine, without the proxy? is its own certificate valid?"
            yield Diagnosis("trouble", host, f"the server's side failed: {printable(one.server)[:120]}", fix)
        if _only_raw(one):
            what = f"raw bytes, not HTTP, on {count(one.raw, 'connection')}: they are recorded"
            yield Diagnosis("hint", host, what, "the report says what was understood of them")


def _probed(host: str, one: Host) -> Iterator[Diagnosis]:
    for outcome in one.probes.values():
        if outcome.weak:
            yield Diagnosis("trouble", host, f"the app {outcome.weak}", _BARE)
        else:
            yield Diagnosis("ok" if outcome.did == REFUSED else "hint", host, outcome.reason)
    if one.probes and not one.spoke and not any(outcome.weak for outcome in one.probes.values()):
        what = "the app never accepted the proxy's own certificate, so no other kind was shown"
        yield Diagnosis("hint", host, what, _INSTALL)


def _only_raw(one: Host) -> bool:
    return bool(one.raw) and one.raw == one.spoke


def _refusal(host: str, kind: str, times: int, trusted: bool) -> Diagnosis:
    what, fix = f"refused the proxy {count(times, 'time')}: {kind}", ""
    if kind in CERTIFICATE and trusted:
        why = "others trust the certificate, so this app pins its own, or trusts none that a user added"
        return Diagnosis("trouble", host, f"{what}; {why}", _OPEN)
    if kind in CERTIFICATE:
        fix = "the certificate first, as above: then it shows whether this app takes it"
    elif kind == "certificate expired":
        fix = "is the phone's clock right? a certificate authority of ours lasts a week"
    elif kind in ("old TLS", "no cipher in common"):
        fix = "the app speaks an old TLS: --set tls_version_client_min=TLS1 lets it in"
    elif kind == "not TLS":
        fix = "it speaks something else on this port: wireguard mode records the bytes"
    return Diagnosis("trouble", host, what, fix or "the proxy's log says more; try it again")


def _past(watch: Watch) -> Iterator[Diagnosis]:
    """What may carry traffic past us."""
    if watch.datagrams:
        hosts = _some(watch.datagrams)
        fix = "drop UDP port 443 on the way: apps go back to TCP, which is opened"
        yield Diagnosis("trouble", "QUIC", f"spoken by {hosts}, not opened", fix)
    if watch.quic:
        what = f"offered by {_some(watch.quic)}: an app may go on over UDP, which a plain proxy never sees"
        yield Diagnosis("hint", "QUIC", what, "--mode wireguard takes all traffic; or drop UDP port 443")
    if watch.tunnels:
        what = f"{_some(watch.tunnels)} spoken to on the port of a VPN: what is inside cannot be opened here"
        yield Diagnosis("trouble", "VPN", what, "switch the VPN on the phone off while you record")
    if watch.ech:
        what = (
            f"the hello for {_some(watch.ech)} is partly encrypted, or pretends to be, as browsers' always is"
        )
        fix = (
            "a name that surprises you may stand for another; with private DNS switched off on the phone"
            " the keys for it pass here in wireguard mode, and are taken out"
        )
        yield Diagnosis("hint", "ECH", what, fix)


def _names(watch: Watch) -> Iterator[Diagnosis]:
    if watch.doh:
        what = f"names are asked for over HTTPS at {_some(watch.doh)}"
        yield Diagnosis("hint", "DNS", what, "harmless here: hosts are named by their connections")
    if watch.private:
        what = f"names are asked for in TLS at {_some(watch.private)}"
        fix = "to see which: private DNS off, on Android under Network & internet"
        yield Diagnosis("hint", "DNS", what, fix)
    if unmet := watch.unmet():
        what = f"{_some(unmet)}: asked for, of {count(len(watch.asked), 'name')}, and never met here"
        fix = (
            "names are also asked for in advance, and a connection without a name is told of by its address;"
            " else there is a second path: mobile data off, no other VPN, then try again"
        )
        yield Diagnosis("hint", "DNS", what, fix)


def _unseen(watch: Watch, modes: Iterable[str]) -> Iterator[Diagnosis]:
    """What no sign can be seen of, said once somebody came."""
    plain = sorted({mode.partition("@")[0].partition(":")[0] for mode in modes})
    if not (watch.devices and plain):
        return
    if set(plain) & _WHOLE:
        what = "all traffic of the device comes here: QUIC, look-ups of names, and a VPN would show"
        yield Diagnosis("ok", "coverage", f"{what}; mobile data would go past it")
        return
    what = (
        f"in {' and '.join(plain)} mode nothing shows of what does not come here: QUIC, look-ups of names,"
        " a VPN, and apps that pass a proxy by"
    )
    fix = "--mode wireguard takes all traffic; or record the packets beside it: auditor sniff"
    yield Diagnosis("hint", "coverage", what, fix)


def _some(hosts: Collection[str]) -> str:
    first = sorted(map(printable, list(hosts)))
    return ", ".join(first[:3]) + (f" and {len(first) - 3:,} more" if len(first) > 3 else "")


def _clock(watch: Watch) -> Iterator[Diagnosis]:
    if len(watch.clocks) < 3:
        return
    off = median(watch.clocks)
    if abs(off) < SKEW:
        yield Diagnosis("ok", "clock", "this machine's clock agrees with the servers'")
        return
    what = f"this machine's clock is {abs(off) / 60:,.0f} minutes {'behind' if off > 0 else 'ahead'}"
    yield Diagnosis("trouble", "clock", what, "set it, or phones refuse certificates and times mislead")
