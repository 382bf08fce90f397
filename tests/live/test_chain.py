"""The chain of a live proxy calls whom mitmproxy's own would call, in the same order."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from mitmproxy import hooks
from mitmproxy.addonmanager import AddonManager
from mitmproxy.addons import default_addons
from mitmproxy.exceptions import AddonHalt
from mitmproxy.master import Master
from mitmproxy.options import Options

from auditor.live.chain import Chain

Told = list[str]


class Plain:
    def __init__(self, name: str, told: Told) -> None:
        self.name, self.told = name, told

    def running(self) -> None:
        self.told.append(self.name)


class Slow(Plain):
    async def running(self) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        self.told.append(self.name)


class Wrong(Plain):
    def running(self) -> None:
        self.told.append(self.name)
        raise ValueError(self.name)


class Last(Plain):
    def running(self) -> None:
        self.told.append(self.name)
        raise AddonHalt


class Deaf:
    name = "deaf"


class Script:
    """A file whose addons change while the proxy runs."""

    name = "script"

    def __init__(self, *addons: object) -> None:
        self.addons = addons


Act = Callable[[Master, Told], Awaitable[None]]


def told(of: type[AddonManager], act: Act) -> Told:
    heard: Told = []

    async def run() -> None:
        master = Master(Options())
        master.addons = of(master)
        await act(master, heard)

    asyncio.run(run())
    return heard


async def _all(master: Master, heard: Told) -> None:
    script = Script(Plain("inside", heard), Slow("inside too", heard))
    master.addons.add(Plain("first", heard), Deaf(), Slow("second", heard), script, Wrong("wrong", heard))
    master.addons.add(Plain("after it", heard))
    await master.addons.trigger_event(hooks.RunningHook())


async def _halted(master: Master, heard: Told) -> None:
    master.addons.add(Plain("first", heard), Last("last", heard), Plain("never", heard))
    await master.addons.trigger_event(hooks.RunningHook())


async def _changed(master: Master, heard: Told) -> None:
    first, script = Plain("first", heard), Script(Plain("one version", heard))
    master.addons.add(first, script)
    await master.addons.trigger_event(hooks.RunningHook())
    script.addons = (Plain("the next version", heard),)
    master.addons.add(Plain("came later", heard))
    await master.addons.trigger_event(hooks.RunningHook())
    master.addons.remove(first)
    await master.addons.trigger_event(hooks.RunningHook())
    master.addons.clear()
    await master.addons.trigger_event(hooks.RunningHook())


CASES: dict[Act, Told] = {
    _all: ["first", "second", "inside", "inside too", "wrong", "after it"],
    _halted: ["first", "last"],
    _changed: [
        "first",
        "one version",
        "first",
        "the next version",
        "came later",
        "the next version",
        "came later",
    ],
}


@pytest.mark.parametrize("act", CASES, ids=lambda act: act.__name__)
def test_who_has_the_hook_hears_it_as_in_mitmproxy(act: Act, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL):
        assert told(AddonManager, act) == told(Chain, act) == CASES[act]


def test_what_an_addon_does_wrong_is_told(caplog: pytest.LogCaptureFixture) -> None:
    told(Chain, _all)
    assert "ValueError: wrong" in caplog.text


def test_of_mitmproxys_own_addons_those_are_called_that_have_the_hook() -> None:
    """Each says that it was called, and does nothing."""

    def hear(heard: Told, name: str, *_: object) -> None:
        heard.append(name)

    def spied(heard: Told, addon: object) -> None:
        for name in hooks.all_hooks:
            if getattr(addon, name, None):
                setattr(addon, name, partial(hear, heard, f"{type(addon).__name__}.{name}"))

    async def act(master: Master, heard: Told) -> None:
        master.addons.add(*default_addons())
        for addon in master.addons.chain:
            spied(heard, addon)
        for hook in hooks.all_hooks.values():
            given = inspect.signature(hook).parameters
            await master.addons.trigger_event(hook(*[None] * len(given)))

    heard = told(Chain, act)
    assert heard == told(AddonManager, act)
    assert {"Save.response", "TlsConfig.tls_start_client", "NextLayer.next_layer"} <= {*heard}
