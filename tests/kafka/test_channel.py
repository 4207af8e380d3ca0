"""The channel between intake and agent: nothing in it is lost when Faust's own group rebalances."""

import asyncio

import faust

from pipeline.intake import BatchChannel


async def test_a_rebalance_of_the_control_group_clears_no_batch() -> None:
    app = faust.App("channel-test", broker="kafka://127.0.0.1:1", store="memory://", autodiscover=False, web_enabled=False)
    channel = BatchChannel(app, maxsize=2)
    reading = channel.clone(is_iterator=True)
    await channel.put("first")
    app.flow_control.suspend()
    await channel.put("second")
    waiting = asyncio.create_task(channel.put("third"))  # the queue is full: Faust would cancel this
    await asyncio.sleep(0)
    app.flow_control.resume()
    got = [await asyncio.wait_for(reading.queue.get(), 5) for _ in range(3)]
    await waiting
    assert got == ["first", "second", "third"]
