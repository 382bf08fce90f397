"""Every test that is written in a rule, folder by folder."""

import pytest

from auditor.rulebook.selftest import run
from auditor.rulebook.transport import Transport
from auditor.rulebook.types import Envelope, Rule
from auditor.shelf import Recordings, load_rules, own_rules

BOOK = load_rules(own_rules())
RECORDINGS = Recordings(own_rules())
TESTED: tuple[Rule | Envelope | Transport, ...] = (
    *BOOK.rules.values(), *BOOK.envelopes.values(), *BOOK.transports.values()
)  # fmt: skip
FOLDERS = sorted({one.file.rpartition("/")[0] for one in TESTED})


@pytest.mark.parametrize("folder", FOLDERS)
def test_rules_do_what_their_own_tests_say(folder: str) -> None:
    outcomes = list(run(BOOK, RECORDINGS.find, f"{folder}/"))
    assert outcomes
    assert [one for one in outcomes if one.skipped or not one.passed] == []


def test_every_rule_and_envelope_has_tests() -> None:
    assert [one.id for one in TESTED if not one.tests] == []


def test_every_rule_has_a_near_miss() -> None:
    """Something much like it that is not it: a typing notice, a request beside it."""
    missing = [
        r.id
        for r in BOOK.rules.values()
        if not {"nothing", "attachment"} & {e for t in r.tests for e in t.expect}
    ]
    assert missing == []


def test_every_transport_is_found_once_and_missed_once() -> None:
    for name, transport in BOOK.transports.items():
        expected = {expected for test in transport.tests for expected in test.expect}
        assert expected == {name, "nothing"}, transport.file


def test_every_fact_says_where_it_was_read() -> None:
    rules = [(rule.file, rule.why) for rule in BOOK.rules.values()]
    envelopes = [(envelope.file, envelope.why) for envelope in BOOK.envelopes.values()]
    transports = [(transport.file, transport.why) for transport in BOOK.transports.values()]
    facts = [(file, fact) for file, why in (*rules, *envelopes, *transports) for fact in why]
    assert [(file, fact.fact) for file, fact in facts if not fact.source] == []


# What apps and pages of others load: counters, buttons, log-in, push, crash reports, content networks.
KITS = """
    graph.facebook.com connect.facebook.net edge-mqtt.facebook.com an.facebook.com www.facebook.com
    platform.instagram.com static.xx.fbcdn.net analytics.tiktok.com business-api.tiktok.com
    open-api.tiktok.com lf16-tiktok-web.ibytedtos.com mon.snssdk.com log.byteoversea.com tr.snapchat.com
    tr6.snapchat.com px.ads.linkedin.com snap.licdn.com platform.linkedin.com alb.reddit.com
    analytics.twitter.com static.ads-twitter.com platform.twitter.com tr.line.me d.line-scdn.net
    kapi.kakao.com t1.kakaocdn.net oauth.telegram.org graph.qq.com android.bugly.qq.com
    open.weixin.qq.com login.live.com mobile.events.data.microsoft.com fonts.googleapis.com
    firebaselogging.googleapis.com mtalk.google.com accounts.google.com app-measurement.com
    settings.crashlytics.com d111111abcdef8.cloudfront.net s3.amazonaws.com api.push.apple.com
    gateway.icloud.com api.giphy.com o1.ingest.sentry.io udc.yahoo.com data.flurry.com
"""


@pytest.mark.parametrize("host", KITS.split())
def test_a_host_that_only_a_kit_of_others_uses_names_no_platform(host: str) -> None:
    assert BOOK.platform_at(host) is None
    asked = [r.id for r in BOOK.rules.values() if not r.any_host and BOOK.spoken_for(r, host)]
    told = [i for i in asked if not (BOOK.rules[i].when.addresses or BOOK.rules[i].where)]
    assert told == []
