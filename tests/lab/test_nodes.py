"""Nodes that the lab's WhatsApp server saw behind the Noise layer, handed over as a hook would do it."""

import base64
import json
from functools import cache
from pathlib import Path

import pytest

from auditor.audit import Audit
from auditor.decoders import whatsapp_nodes
from auditor.judge import judge
from auditor.model import MESSAGES, Answer, Content, Finding, Grade
from auditor.needles import Needles
from auditor.report import Capture
from auditor.rulebook.book import Rulebook
from auditor.shelf import load_rules
from auditor.sources import read

LAB = Path(__file__).parents[3] / "shared" / "lab" / "captures" / "whatsapp-baileys-e2ee"
VIEWS = sorted(LAB.glob("server-view*.jsonl"))
pytestmark = [pytest.mark.lab, pytest.mark.skipif(not VIEWS, reason=f"no view of a server at {LAB}")]
ENVELOPES = {"msg": "signal-message", "pkmsg": "signal-prekey", "skmsg": "wa-sender-key"}


@cache
def book() -> Rulebook:
    return load_rules(None)


@cache
def nodes() -> list[bytes]:
    """As bytes, in the order in which the server met them."""
    lines = [json.loads(line) for view in VIEWS for line in view.read_text(encoding="utf-8").splitlines()]
    return [bytes.fromhex(line["server_sees_node_hex"]) for line in lines if "server_sees_node_hex" in line]


@cache
def planted() -> tuple[str, ...]:
    return tuple(json.loads((LAB / "truth.json").read_text(encoding="utf-8"))["canaries"].values())


def exported(folder: Path, bodies: list[bytes]) -> Path:
    """A file of parcels, as an app hook writes it that sees only bytes."""
    line = {"outgoing": True, "protocol": "wabinary", "host": "web.whatsapp.com", "road": "protected"}
    parcels = [json.dumps(line | {"body_base64": base64.b64encode(body).decode()}) for body in bodies]
    file = folder / "nodes.parcels.jsonl"
    file.write_text("\n".join(['{"parcels": 1, "made_by": "a hook"}', *parcels]) + "\n")
    return file


def audited(file: Path, needles: Needles) -> tuple[list[Finding], dict[str, Answer]]:
    audit = Audit(book(), needles)
    source = read(file)
    findings = [finding for event in source for finding in audit.feed(event)]
    report = audit.report(Capture(source.sha256, source.name, source.kind, source.size, source.unread))
    assert not report.whole().troubles, report.whole().troubles
    return findings, {
        v.surface: v.verdict for v in judge(report, book()) if v.surface in MESSAGES and v.counts
    }


def kinds(tree: object) -> list[str]:
    """What the nodes themselves say that their contents are."""
    if isinstance(tree, list):
        return [kind for one in tree for kind in kinds(one)]
    if not isinstance(tree, dict):
        return []
    own = [str(tree["enc"]["@type"])] if "enc" in tree else []
    return own + [kind for key, one in tree.items() if key != "enc" for kind in kinds(one)]


@pytest.mark.parametrize("texts", [(), planted() if VIEWS else ()], ids=["without texts", "with texts"])
def test_every_node_is_a_sealed_message_and_its_envelope_is_named(
    tmp_path: Path, texts: tuple[str, ...]
) -> None:
    findings, verdicts = audited(exported(tmp_path, nodes()), Needles(texts))
    assert len(findings) == len(nodes()) > 10
    assert {f.content for f in findings} == {Content.SEALED}
    said = [kinds(whatsapp_nodes.unwrap(node, whatsapp_nodes.CLUE)) for node in nodes()]
    assert [f.seal for f in findings] == [ENVELOPES[kind] for (kind,) in said]
    assert {f.slot for f in findings} == {"body.message.**.enc"}
    assert verdicts == {"dm": Answer.END_TO_END}
    assert all(f.grade in (Grade.RECOGNISED, Grade.CONSISTENT) for f in findings)


def test_a_copy_in_the_open_beside_the_sealed_ones_is_enough(tmp_path: Path) -> None:
    root = whatsapp_nodes.unwrap(nodes()[0], whatsapp_nodes.CLUE)
    opened = {"message": root["message"] | {"plaintext": planted()[0]}}
    findings, verdicts = audited(exported(tmp_path, [whatsapp_nodes.wrap(opened)]), Needles(()))
    assert [f.content for f in findings] == [Content.READABLE]
    assert verdicts == {"dm": Answer.TRANSPORT_ONLY}


def test_a_node_that_is_damaged_is_not_passed_over(tmp_path: Path) -> None:
    cut = [node[: len(node) // 2] for node in nodes()]
    findings, verdicts = audited(exported(tmp_path, cut), Needles(()))
    assert len(findings) == len(cut)
    assert not {f.content for f in findings} & {Content.SEALED, Content.READABLE}
    assert Answer.END_TO_END not in verdicts.values()
