"""One broken rule set for each lint: what to change in a small good one, and nothing else."""

PLATFORM = """# yaml-language-server: $schema=../../schema/platform.json
title: X
hosts: [x.org, "*.x.org"]
claims:
  - {surface: dm, says: transport-only, since: 2025-01-01, source: "x.org/help", read: 2026-10-01}
limits:
  - Calls are not looked at.
why:
  - {fact: f, source: s, read: 2026-10-01}
"""
RULE = """# yaml-language-server: $schema=../../schema/rule.json
title: X direct message, sent
surface: dm

when:
  direction: out
  method: POST
  host: api.x.org
  path: /v1/send
slot: [body.text, body.copy]
sees: {sender: body.from}

why:
  - {fact: f, source: s, read: 2026-10-01}

tests:
  - name: the text lies open
    out: POST api.x.org/v1/send
    body: !json {text: meet at seven, from: anna}
    expect: readable
    text: meet at seven
  - name: the day it is sealed, we will see it
    body: !json {text: !base64 [!sealed e]}
    expect: sealed
  - name: the text lies elsewhere
    body: !json {words: meet at seven}
    expect: missing
  - name: typing is not a message
    out: POST api.x.org/v1/typing
    body: !json {on: true}
    expect: nothing
"""
ENVELOPE = """# yaml-language-server: $schema=../schema/envelope.json
title: E
opened-by: recipient
shape:
  - byte: 3
  - byte: 7
  - byte: 9
  - secret: 16n
why:
  - {fact: f, source: s, read: 2026-10-01}
tests:
  - {name: built, bytes: !sealed e, expect: e}
  - {name: noise, bytes: !random 64, expect: nothing}
"""
GOOD = {
    "platforms/x/platform.yaml": PLATFORM,
    "platforms/x/send.yaml": RULE,
    "envelopes/e.yaml": ENVELOPE,
}
SEND, HOME, SEAL = "platforms/x/send.yaml", "platforms/x/platform.yaml", "envelopes/e.yaml"
_WHERE = "slot: [body.text"
_OTHER = "platforms/a/platform.yaml"

# code: file, what is there, what stands there instead; and perhaps files beside it
BROKEN: dict[str, tuple[str, str, str]] = {
    "R101": (HOME, '"*.x.org"', '"*.x.org", "*.co.uk"'),
    "R102": (HOME, '"*.x.org"', '"*.x.org", "*.crashlytics.com"'),
    "R103": (SEND, "host: api.x.org", 'host: [api.x.org, "api.x.*"]'),
    "R104": (SEND, "host: api.x.org", "host: [api.x.org, api.y.org]"),
    "R105": (HOME, '"*.x.org"', '"*.x.org", www.x.org'),
    "R106": (HOME, '"*.x.org"', '"*.x.org", shared.a.org'),
    "R107": (HOME, '"*.x.org"', '"*.x.org", "https://x.org/"'),
    "R108": (SEND, "host: api.x.org\n  path: /v1/send", "host: any\n  path: /send"),
    "R109": (HOME, 'hosts: [x.org, "*.x.org"]', "hosts: []"),
    "R110": (HOME, '"*.x.org"]', '"*.x.org"]\nshared: tag.y.org'),
    "R201": (SEND, "path: /v1/send", 'path: ["/v1/send", "/v1/send?a=1"]'),
    "R202": (SEND, "method: POST", "method: [POST, post]"),
    "R203": (SEND, "  direction: out", "  protocol: htttp\n  direction: out"),
    "R204": (SEND, "direction: out", "direction: []"),
    "R205": (SEND, "method: POST", "method: [POST, POST]"),
    "R206": (SEND, _WHERE, "where: {body.kind: 1}\nunless: {body.kind: [1, 2]}\n" + _WHERE),
    "R207": (SEND, _WHERE, 'unless: {body.text: "*"}\n' + _WHERE),
    "R208": (SEND, "direction: out", "direction: in"),
    "R209": (SEND, "surface: dm", "surface: {from: body.kind, is: {g: dm}, else: dm}"),
    "R210": (SEND, "surface: dm", 'surface: {from: body.kind, is: {"*": group, g: channel}, else: dm}'),
    "R211": (SEND, _WHERE, 'where: {body.kind: [1, "*"]}\n' + _WHERE),
    "R301": (SEND, "[body.text", "[bdy.text, body.text"),
    "R302": (SEND, "[body.text", "[host.text, body.text"),
    "R303": (SEND, "sees: {sender: body.from", "sees: {program: header.User-Agent, sender: body.from"),
    "R304": (SEND, "slot: [body.text", "each: body.items\nslot: [body.items.text, .text"),
    "R305": (SEND, "[body.text", "[body.**.text"),
    "R306": (SEND, "[body.text", "[body.*.words"),
    "R307": (SEND, "sender: body.from", "sender: [body.from, body.text]"),
    "R308": (SEND, "sender: body.from", "sender: body.from, device: header.authorization"),
    "R309": (SEND, "slot: [body.text", "open: {body.blob: protobuf}\nslot: [body.text"),
    "R310": (SEND, "sees:", "attachment: body.copy\nsees:"),
    "R401": (SEND, "  - name: the day it is sealed, we will see it\n"
             "    body: !json {text: !base64 [!sealed e]}\n    expect: sealed\n", ""),
    "R402": (SEND, "  - name: typing is not a message\n    out: POST api.x.org/v1/typing\n"
             "    body: !json {on: true}\n    expect: nothing\n", ""),
    "R403": (SEND, "    body: !json {words: meet at seven}\n    expect: missing\n"
             "  - name: typing is not a message\n    out: POST api.x.org/v1/typing",
             "    out: GET y.org/\n    expect: [nothing, missing]\n  - name: other\n    out: GET y.org/"),
    "R404": (SEND, "    expect: missing", "    expect: nothing"),
    "R405": (SEND, "{text: !base64 [!sealed e]}", "{text: it is encrypted}"),
    "R406": (SEND, "title: X direct message, sent", "title: X encrypted message, sent"),
    "R407": (SEND, "name: the text lies elsewhere", "name: the text lies open"),
    "R408": (SEND, "{words: meet at seven}", "{text: meet at seven, from: anna}"),
    "R409": (SEND, "    text: meet at seven\n", ""),
    "R410": (SEND, "from: anna}", 'from: "+49 171 1234567"}'),
    "R501": (HOME, "since: 2025-01-01", "since: last year"),
    "R502": (HOME, 'source: "x.org/help"', 'source: ""'),
    "R503": (HOME, "read: 2026-10-01}\nlimits", "read: 2025-10-01}\nlimits"),
    "R504": (SEND, "read: 2026-10-01", "read: 2025-10-01"),
    "R505": (HOME, "claims:\n", 'claims:\n  - {surface: dm, says: end-to-end, since: 2026-01-01, '
             'source: s, read: 2026-10-01}\n'),
    "R506": (HOME, "since: 2025-01-01", "since: 2025-01-01, until: 2024-01-01"),
    "R507": (SEND, "read: 2026-10-01", "read: 2027-10-01"),
    "R508": (SEND, ", read: 2026-10-01", ""),
    "R509": (HOME, "limits:\n  - Calls are not looked at.\n", ""),
    "R510": (SEND, "why:\n  - {fact: f, source: s, read: 2026-10-01}", "why: []"),
    "R601": (SEND, "sees:", "accept: [served]\nsees:"),
    "R602": (SEAL, "  - {name: noise, bytes: !random 64, expect: nothing}\n", ""),
    "R603": (SEND, "slot: [body.text, body.copy]", "slot: [body.text]\nplaceholder: This text is sealed."),
    "R604": (SEND, "sees:", 'placeholder: "This is * a sealed text"\nsees:'),
    "R701": (SEND, "slot: [body.text, body.copy]\nsees: {sender: body.from}",
             "sees: {sender: body.from}\nslot: [body.text, body.copy]"),
    "R702": (SEND, "surface: dm\n", "surface: dm   \n"),
    "R703": (SEND, "# yaml-language-server: $schema=../../schema/rule.json\n", ""),
    "R704": (SEND, "title: X direct message, sent", "title: A message of X."),
    "R705": ("platforms/x/Send_it.yaml", "", RULE),
    "R707": (SEND, _WHERE, "where: {body.kind: 1}\n" + _WHERE),
}  # fmt: skip
BESIDE = {
    "R106": {_OTHER: PLATFORM.replace('[x.org, "*.x.org"]', "[a.org, shared.a.org]")},
    "R208": {"platforms/x/other.yaml": RULE},
    "R601": {"envelopes/served.yaml": ENVELOPE.replace("recipient", "server\nonly-in-slot: true")},
    "R707": {
        _OTHER: PLATFORM.replace("x.org", "a.org"),
        "platforms/a/send.yaml": RULE.replace("x.org", "a.org").replace(
            _WHERE, "where: {body.kind: 1}\n" + _WHERE
        ),
    },
}


def broken(code: str) -> dict[str, str]:
    file, old, new = BROKEN[code]
    assert old in GOOD.get(file, ""), code
    text = GOOD[file].replace(old, new, 1) if file in GOOD else new
    return {**GOOD, **BESIDE.get(code, {}), file: text}
