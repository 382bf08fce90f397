"""matrix-nio: somebody says a text in a room, and somebody else, who needs no proxy, answers there."""

import asyncio
import json
import ssl
import sys
import tempfile
from typing import Any

from nio import AsyncClient, AsyncClientConfig

told = json.loads(sys.argv[1])
MEGOLM = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


async def somebody(name: str, server: str, **ways: Any) -> AsyncClient:
    config = AsyncClientConfig(encryption_enabled=True, store_sync_tokens=False)
    client = AsyncClient(server, "", store_path=tempfile.mkdtemp(), config=config, **ways)
    assert (await client.register(name, f"lab-only-not-a-password-{name}")).access_token
    await client.keys_upload()
    return client


async def look(client: AsyncClient) -> list[str]:
    """What was said since the last look."""
    answer = await client.sync(timeout=1000)
    if client.should_query_keys:
        await client.keys_query()
    events = [one for room in answer.rooms.join.values() for one in room.timeline.events]
    return [one.body for one in events if hasattr(one, "body")]


async def say(client: AsyncClient, room: str, text: str) -> None:
    content = {"msgtype": "m.text", "body": text}
    sent = await client.room_send(room, "m.room.message", content, ignore_unverified_devices=True)
    assert sent.event_id


async def main() -> None:
    secure = ssl.create_default_context()
    ann = await somebody("ann", f"https://{told['host']}", proxy=told["proxy"], ssl=secure)
    bob = await somebody("bob", f"http://127.0.0.1:{told['port']}")
    begin = [MEGOLM] if told["sealed"] else []
    room = (await ann.room_create(name="Crane crew", invite=[bob.user_id], initial_state=begin)).room_id
    await bob.join(room)
    for one in (bob, ann):
        await look(one)
    await say(ann, room, told["out"])
    assert told["out"] in await look(bob)
    await say(bob, room, told["in"])
    assert told["in"] in await look(ann)
    await ann.close()
    await bob.close()


asyncio.run(main())
