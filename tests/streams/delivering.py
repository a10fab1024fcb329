"""A delivery, taken as either handler does."""

import contextlib

import pytest

from django_bolt.streams.asgi import Delivery, Send
from django_bolt.streams.buffer import PART_BYTES

both_ways = pytest.mark.parametrize(
    "is_iterated", [True, False], ids=["iterated", "sent"]
)


async def deliver(delivery: Delivery, send: Send, *, is_iterated: bool) -> None:
    """Send what is delivered: as Django's handler does, or as ours."""
    if not is_iterated:
        await delivery.send_to(send, PART_BYTES, {})
        return
    async with contextlib.aclosing(delivery) as body:
        async for part in body:
            await send({"body": part})
