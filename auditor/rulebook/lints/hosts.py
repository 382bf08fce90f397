"""Hosts: whose they are, and how many more a pattern lets in."""

import re
from collections.abc import Iterator
from functools import cache

from publicsuffixlist import PublicSuffixList

from auditor.rulebook.lint import Finds, Sheet, lint
from auditor.rulebook.paths import host_fits
from auditor.rulebook.types import ANY_HOST, COMMON, Rule
from auditor.rulebook.yaml import Place

_HOST = re.compile(r"[a-z0-9_*?-]+(\.[a-z0-9_*?-]+)*")
_PLAIN = 2  # literal segments of a path, or conditions, that tell a platform without its host

# What many apps load: an app that talks to them is not yet the platform. The last labels decide.
_KITS = """
    googleapis.com gstatic.com google-analytics.com googletagmanager.com googlesyndication.com
    doubleclick.net crashlytics.com firebaseio.com firebase.com app-measurement.com cloudfront.net
    amazonaws.com akamaized.net akamaihd.net akamai.net fastly.net cloudflare.com azureedge.net
    windows.net appsflyer.com adjust.com branch.io sentry.io bugsnag.com amplitude.com mixpanel.com
    segment.io segment.com onesignal.com pusher.com appcenter.ms datadoghq.com newrelic.com
    nr-data.net launchdarkly.com braze.com applovin.com unity3d.com bytedance.com snssdk.com
    byteoversea.com pstatp.com ibytedtos.com tencent-cloud.com myqcloud.com alicdn.com
    graph.facebook.com edge-mqtt.facebook.com connect.facebook.net fbcdn.net push.apple.com icloud.com
"""
SHARED = frozenset(_KITS.split())


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_encoded_idn=False)  # spelling it twice takes twice as long


def _hosts(sheet: Sheet) -> Iterator[tuple[str, Place]]:
    """The hosts that a rule or a platform names."""
    keys = ("when", "host") if "when" in sheet.block else ("hosts",)
    yield from ((host, place) for host, place in sheet.each(*keys) if host != ANY_HOST)


def _literal(host: str) -> str:
    """The labels behind the last one that is wild, as they are spoken."""
    labels = [_spoken(label) for label in host.lower().split(".")]
    wild = [n for n, label in enumerate(labels) if "*" in label or "?" in label]
    return ".".join(labels[wild[-1] + 1 :] if wild else labels)


def _spoken(label: str) -> str:
    try:
        return label.encode().decode("idna") if label.startswith("xn--") else label
    except UnicodeError:
        return label


def _shared(host: str) -> str:
    literal = _literal(host)
    return literal if literal in SHARED else ""


@lint("R101", "file", "Name the provider's own domain, as in *.example.com.")
def public_suffix(sheet: Sheet) -> Finds:
    """A host that is only a public suffix.

    *.com, co.uk and *.github.io belong to nobody in particular: everything below them
    would be this platform's. A host ends in a label of its own and a public suffix.
    """
    for host, place in _hosts(sheet):
        rest = _literal(host)
        if rest and _suffixes().privatesuffix(rest) is None:
            yield place, f"{host!r} is everybody's: {rest!r} is a public suffix"


@lint("R102", "file", "Take a host that only this provider's app talks to, or tell the rule by its content.")
def shared_host(sheet: Sheet) -> Finds:
    """A host that many apps talk to.

    A host of an analytics kit, a crash reporter, a content network or a push service says
    that an app uses that kit, not whose messages these are: strangers would be named. A rule
    may look there when its path or its content tells.
    """
    if isinstance(sheet.thing, Rule) and (sheet.rule.when.addresses or sheet.rule.where):
        return
    for host, place in _hosts(sheet):
        if shared := _shared(host):
            yield place, f"{host!r} is shared: any app may talk to {shared}"


@lint("R103", "file", "Write the domains out, one by one.")
def wild_domain(sheet: Sheet) -> Finds:
    """A star inside the registrable domain or its suffix.

    api.tiktok* and tiktokv.* also match domains that anybody can register tomorrow.
    A star may stand for labels below the domain, never for the domain.
    """
    for host, place in _hosts(sheet):
        rest = _literal(host)
        owned = rest and (_suffixes().privatesuffix(rest) or _suffixes().publicsuffix(rest) == rest)
        if not owned or "." not in rest:
            yield place, f"{host!r} leaves the domain itself open"


@lint("R104", "rule", "Add the host to platform.yaml, or correct it here.")
def foreign_host(sheet: Sheet) -> Finds:
    """A rule for a host that its platform does not have.

    Connections to it that stay shut would be nobody's, and two lists of one platform's
    hosts drift apart.
    """
    known = sheet.book.platforms[sheet.rule.platform].hosts
    for host, place in _hosts(sheet):
        example = host.replace("*", "x").replace("?", "x").lower()
        if not _shared(host) and not any(host_fits(pattern, example) for pattern in known):
            yield place, f"{host!r} is not among the hosts of {sheet.rule.platform}"


@lint("R105", "file", "Leave the narrower one out.")
def covered_host(sheet: Sheet) -> Finds:
    """A host that another entry of the same list covers.

    It changes nothing, and whoever takes out the wider one will think it still does.
    """
    listed = list(_hosts(sheet))
    for number, (host, place) in enumerate(listed):
        for other, (wider, _) in enumerate(listed):
            equal = wider.lower() == host.lower()
            if (equal and other < number) or (not equal and _covers(wider, host)):
                yield place, f"{host!r} is covered by {wider!r}"
                break


def _covers(wider: str, host: str) -> bool:
    if host.startswith("*.") and not wider.startswith("*."):
        return False
    return all(host_fits(wider, host.replace("*", some)) for some in ("x", "y1", "a.b", "other"))


@lint("R106", "platform", "Give the host to one of them.")
def two_owners(sheet: Sheet) -> Finds:
    """Two platforms that claim one host.

    Only the first in the alphabet would ever get it.
    """
    for host, place in _hosts(sheet):
        for other in sheet.book.platforms.values():
            if other.id < sheet.platform.id and any(o.lower() == host.lower() for o in other.hosts):
                yield place, f"{host!r} is also a host of {other.id}"


@lint("R107", "file", "Write only the name: example.com, *.example.com or any.")
def no_host(sheet: Sheet) -> Finds:
    """Something that can never be a host.

    A scheme, a port, a path or a capital letter: nothing would ever match, and the rule
    would be silent.
    """
    for host, place in _hosts(sheet):
        if not _HOST.fullmatch(host):
            yield place, f"{host!r} is not the name of a host"


@lint("R108", "rule", "Add a path of two fixed segments, or two conditions that nobody else meets.")
def any_host_too_plain(sheet: Sheet) -> Finds:
    """`host: any` without anything distinctive.

    What is recognised on every host must be told by its path or its content, or the rule
    fires on everything: /messages and {body: {text: ..}} are anybody's.
    """
    rule = sheet.rule
    if not rule.any_host or rule.when.protocol not in COMMON:
        return
    literal = min((sum("*" not in s for s in a) for a in rule.when.addresses), default=0)
    if literal + len(rule.where) + len(rule.when.headers) < _PLAIN:
        yield sheet.at("when", "host"), "any host, and too little that tells it from other apps"


@lint("R109", "platform", "Say `far-end: peer` or name the hosts of the service.")
def no_service(sheet: Sheet) -> Finds:
    """A platform without hosts that is still judged as a service.

    Where apps talk to each other (Jami, Tox, Briar) a protected road ends at the other
    person; judged as a service it would read transport-only, which is wrong.
    """
    platform = sheet.platform
    spoken = any(r.any_host for r in sheet.book.rules.values() if r.platform == platform.id)
    if not platform.hosts and platform.far_end == "service" and not spoken:
        yield sheet.block.place, "no hosts, and no rule that does without"


@lint("R110", "platform", "Take it out, or add the hosts that it is one of.")
def shared_in_vain(sheet: Sheet) -> Finds:
    """A shared host that is none of the platform's.

    `shared` names those of a platform's hosts that apps and pages of others load (buttons, counters,
    log-in): they name nobody. What is no host of the platform names nobody anyway.
    """
    for host, place in sheet.each("shared"):
        example = host.replace("*", "x").replace("?", "x").lower()
        if not any(host_fits(pattern, example) for pattern in sheet.platform.hosts):
            yield place, f"{host!r} is not among the hosts"
