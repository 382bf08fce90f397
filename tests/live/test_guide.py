"""What a person is told to do, mode by mode."""

import pytest

from auditor.live.guide import reach, removal, trust


@pytest.mark.parametrize(
    ("mode", "port", "step"),
    [
        ("regular", None, "10.0.0.5:8080"),
        ("regular", 9000, "10.0.0.5:9000"),
        ("regular@9001", None, "10.0.0.5:9001"),
        ("regular@10.0.0.6:9001", None, "10.0.0.6:9001"),
        ("socks5", None, "10.0.0.5:1080"),
        ("wireguard", None, "WireGuard app"),
        ("local:curl", None, "curl on this machine"),
        ("local", None, "All apps on this machine"),
        ("reverse:https://chat.example@8443", None, "10.0.0.5:8443 instead of https://chat.example"),
        ("upstream:http://10.0.0.1:3128", None, "10.0.0.5:8080, which goes on to http://10.0.0.1:3128"),
        ("transparent", None, "10.0.0.5:8080"),
        ("dns@5353", None, "dns@5353 at 10.0.0.5:5353"),
    ],
)
def test_each_mode_has_its_step(mode: str, port: int | None, step: str) -> None:
    (said,) = reach((mode,), "10.0.0.5", port)
    assert step in said


def test_nobody_is_promised_what_cannot_be_opened() -> None:
    told = {platform: " ".join(lines) for platform, lines in trust()}
    assert "most messengers do not" in told["Android"]
    assert "stay shut without a jailbreak" in told["iOS"]


def test_the_trust_can_be_taken_away_again() -> None:
    steps = " ".join(removal("auditor friday", "friday/ca", False))
    assert steps.count("auditor friday") == 2
    assert "rm -r" in steps
    assert "rm -r" not in " ".join(removal("auditor friday", "kept", True))
