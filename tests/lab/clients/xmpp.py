"""slixmpp: somebody says a text to somebody else, who needs no proxy and answers; in OMEMO if asked to."""

import asyncio
import json
import ssl
import sys
from typing import Any

from omemo.storage import Just, Maybe, Nothing, Storage
from slixmpp import JID, ClientXMPP
from slixmpp.plugins import register_plugin
from slixmpp_omemo import XEP_0384, TrustLevel

told = json.loads(sys.argv[1])
PATIENCE = 60


class Memory(Storage):
    """Keys for as long as this runs."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: dict[str, Any] = {}

    async def _load(self, key: str) -> Maybe[Any]:
        return Just(self._kept[key]) if key in self._kept else Nothing()

    async def _store(self, key: str, value: Any) -> None:
        self._kept[key] = value

    async def _delete(self, key: str) -> None:
        self._kept.pop(key, None)


class Omemo(XEP_0384):
    """Every device is trusted as it comes."""

    def plugin_init(self) -> None:
        self.memory = Memory()
        super().plugin_init()

    @property
    def storage(self) -> Storage:
        return self.memory

    @property
    def _btbv_enabled(self) -> bool:
        return True

    async def _prompt_manual_trust(self, manually_trusted: Any, identifier: Any) -> None:
        manager = await self.get_session_manager()
        for one in manually_trusted:
            await manager.set_trust(one.bare_jid, one.identity_key, TrustLevel.TRUSTED.value)


class Somebody:
    """A client, and the texts that it got."""

    def __init__(self, name: str) -> None:
        self.client = ClientXMPP(f"{name}@{told['host']}/lab", "lab-only-not-a-password")
        self.client.enable_starttls = False
        self.texts: asyncio.Queue[str] = asyncio.Queue()
        self.client.add_event_handler("message", self.got)
        if told["sealed"]:
            for plugin in ("xep_0060", "xep_0163", "xep_0380"):
                self.client.register_plugin(plugin)
            beside = {"fallback_message": told["beside"]} if told["beside"] else None
            self.client.register_plugin("xep_0384", beside, module=sys.modules[__name__])

    async def here(self, port: int) -> None:
        began = asyncio.get_running_loop().create_future()
        self.client.add_event_handler("session_start", lambda _: began.set_result(None))
        self.client.connect("127.0.0.1", port)
        await asyncio.wait_for(began, PATIENCE)
        self.client.send_presence()
        await self.client.get_roster()
        if told["sealed"]:
            await self.client.plugin["xep_0384"].get_session_manager()

    async def say(self, to: str, text: str) -> None:
        stanza = self.client.make_message(mto=JID(f"{to}@{told['host']}"), mtype="chat", mbody=text)
        if told["sealed"]:
            sealed, failed = await self.client.plugin["xep_0384"].encrypt_message(stanza, stanza["to"])
            assert not failed, failed
            sealed.send()
        else:
            stanza.send()

    async def got(self, stanza: Any) -> None:
        if told["sealed"]:
            if self.client.plugin["xep_0384"].is_encrypted(stanza):
                opened, _ = await self.client.plugin["xep_0384"].decrypt_message(stanza)
                await self.texts.put(opened["body"])
        else:
            await self.texts.put(stanza["body"])


async def main() -> None:
    ann, bob = Somebody("ann"), Somebody("bob")
    bob.client.ssl_context = ssl._create_unverified_context()
    await ann.here(told["proxied"])
    await bob.here(told["port"])
    await ann.say("bob", told["out"])
    assert await asyncio.wait_for(bob.texts.get(), PATIENCE) == told["out"]
    await bob.say("ann", told["in"])
    assert await asyncio.wait_for(ann.texts.get(), PATIENCE) == told["in"]
    for one in (ann, bob):
        await one.client.disconnect()


if __name__ == "__main__":
    register_plugin(Omemo)
    asyncio.run(main())
