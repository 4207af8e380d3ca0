"""Which items moved into or out of stories that are killed whole. `newswire.relinks` tells, longer than `link` knows stories."""

import structlog

from pipeline import codec, kafka
from pipeline.config import Kafka
from pipeline.records import Relink
from pipeline.sinks.members import Members
from pipeline.topics import full_name

log = structlog.get_logger()


async def hear_moves(settings: Kafka, members: Members) -> None:
    """Tells them of every move up to now; reads nothing where no story is killed whole. Raises `kafka.Unreachable` and its like.

    What `link` had moved by a kill stands there when the kill is read: it is of the same transaction, or of one before.
    """
    if not members.stories:
        return
    async for record in kafka.read_topics(settings, [full_name(settings.prefix, "relinks")]):
        try:
            members.move(codec.decode(record.value, Relink))
        except codec.Undecodable as error:
            log.error("recall.unreadable_move", partition=record.partition, offset=record.offset, error=str(error))
