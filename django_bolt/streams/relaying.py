"""Bring what a thread has put into its buffer to the task that delivers it."""

from __future__ import annotations

import asyncio

from django_bolt.streams.buffer import Buffer, Burst
from django_bolt.streams.signals import LoopSignal


async def relay(
    producer: asyncio.Task[None], buffer: Buffer, ready: LoopSignal, burst: Burst
) -> None:
    """
    Pass on what a sync source puts into a buffer in its thread.

    Args:
        producer: What runs the source; it is seen through.
        buffer: Where the source puts its chunks.
        ready: What wakes us when there is something.
        burst: What the delivery takes from.

    Raises:
        Exception: What the source raised, once all that it yielded is taken.
    """
    try:
        while True:
            part = buffer.next_part()
            if part is not None:
                burst.put(part)
                await burst.wait()
            elif buffer.ended and not buffer.chunks:
                break
            else:
                await ready.wait()
        producer.result()
    finally:
        buffer.stop()
        if not producer.done():
            producer.cancel()
            await asyncio.wait((producer,))
            if not producer.cancelled():
                producer.exception()  # It is logged; asyncio shall not do so again.
