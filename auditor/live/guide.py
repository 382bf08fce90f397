"""What a person has to do with the phone, told honestly: before, and after."""

from collections.abc import Iterable

from auditor.live.addresses import shown

_TRUST = (
    ("Android", (
        "Settings > Security > Encryption & credentials > Install a certificate > CA certificate.",
        "Since Android 7 apps trust it only where they ask for it: browsers and some apps do, most messengers"
        " do not. Those need a debug build (networkSecurityConfig with user certificates), a rooted phone or"
        " an emulator with a writable system store, or a key log.",
    )),
    ("iOS", (
        "Open this page in Safari, allow the profile, then Settings > General > VPN & Device Management >"
        " install it.",
        "Then Settings > General > About > Certificate Trust Settings: switch full trust on. Without that"
        " switch nothing is trusted. Apps that pin their certificates stay shut without a jailbreak.",
    )),
    ("A program on the computer", (
        "Give the certificate to the one app, not to the system, where the app allows it.",
    )),
)  # fmt: skip
_REMOVE = (
    "Take the proxy or the WireGuard tunnel out of the phone's network settings.",
    "Android: Settings > Security > Encryption & credentials > User credentials (or Trusted credentials >"
    " User) > {name} > remove.",
    "iOS: Settings > General > VPN & Device Management > {name} > remove the profile.",
)

_WIFI = "Wi-Fi settings of the phone > proxy > manual:"


def reach(modes: Iterable[str], address: str, port: int | None) -> list[str]:
    """How the traffic gets here, one step for each mode."""
    steps = []
    for mode in modes:
        name, _, given = mode.partition("@")[0].partition(":")
        custom = mode.partition("@")[2]
        where = _where(custom, address, port or {"socks5": 1080, "wireguard": 51820}.get(name, 8080))
        steps.append(
            {
                "regular": f"{_WIFI} {where}",
                "upstream": f"{_WIFI} {where}, which goes on to {given}",
                "wireguard": "WireGuard app on the phone: add the tunnel that is shown here, switch it on",
                "socks5": f"SOCKS proxy in the app or the system: {where}",
                "transparent": f"Send the phone's traffic to this machine's port: {where}",
                "local": f"{given or 'All apps'} on this machine: nothing to set, its traffic is taken",
                "reverse": f"Point the app at {where} instead of {given}",
            }.get(name, f"{mode} at {where}")
        )
    return steps


def _where(custom: str, address: str, port: int) -> str:
    if not custom:
        return shown(address, port)
    return custom if ":" in custom else f"{shown(address, int(custom)) if custom.isdigit() else custom}"


def trust() -> Iterable[tuple[str, tuple[str, ...]]]:
    return _TRUST


def removal(name: str, folder: str, kept: bool) -> list[str]:
    """Steps that end the trust in our authority."""
    last = (
        f"Its key stays in {folder}: who has it can read what the phone sends until it is removed there."
        if kept
        else f"Its key lies in {folder}; `rm -r` that folder once you need it no more."
    )
    return [*(step.format(name=name) for step in _REMOVE), last]
