"""The addons of a proxy of ours: each is called for the hooks that it has, and not asked for others.

mitmproxy asks all of its forty addons at each of the dozen hooks of a request, though most have
none of these: half the time of the one thread that all traffic waits for.

Law: who has a hook hears it as in mitmproxy, in the same order; addons with others inside
(scripts, which may change) are asked each time.
"""

from collections.abc import Callable
from inspect import isawaitable

from mitmproxy import exceptions
from mitmproxy.addonmanager import AddonManager, safecall
from mitmproxy.hooks import Hook
from mitmproxy.master import Master

Heard = tuple[object, Callable[..., object] | None]  # an addon and its hook; without one it is asked


class Chain(AddonManager):
    def __init__(self, master: Master) -> None:
        super().__init__(master)  # type: ignore[no-untyped-call]
        self._heard: dict[str, tuple[Heard, ...]] = {}

    def add(self, *addons: object) -> None:
        super().add(*addons)  # type: ignore[no-untyped-call]
        self._heard.clear()

    def remove(self, addon: object) -> None:
        super().remove(addon)  # type: ignore[no-untyped-call]
        self._heard.clear()

    def clear(self) -> None:
        super().clear()  # type: ignore[no-untyped-call]
        self._heard.clear()

    async def trigger_event(self, event: Hook) -> None:
        name, said = event.name, event.args()
        if name not in self._heard:
            self._heard[name] = tuple(_heard(one, name) for one in self.chain if _hears(one, name))
        for addon, hook in self._heard[name]:
            try:
                with safecall():
                    if hook is None:
                        await self.invoke_addon(addon, event)
                    elif isawaitable(rest := hook(*said)):
                        await rest
            except exceptions.AddonHalt:
                return


def _hears(addon: object, name: str) -> bool:
    return hasattr(addon, "addons") or bool(getattr(addon, name, None))


def _heard(addon: object, name: str) -> Heard:
    hook = getattr(addon, name, None)
    plain = callable(hook) and not hasattr(addon, "addons")
    return addon, hook if plain else None
