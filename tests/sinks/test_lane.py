"""A lane that somebody waits for seals once, as soon as it has read what is waited for."""

from aiokafka import TopicPartition

from pipeline.sinks.buffer import Buffer
from pipeline.sinks.lane import Lane
from tests.sinks.records import records

TP = TopicPartition("t", 0)


def is_forced(lane: Lane) -> bool:
    return lane.facts(is_draining=False, is_caught_up=True).is_forced


def test_it_waits_for_the_last_record_and_then_for_nothing_more() -> None:
    lane = Lane(TP, (1, "member"))
    lane.wanted_to = 3
    forced = []
    for record in records(range(5)):
        lane.buffer.add(record)
        forced.append(is_forced(lane))
    assert forced == [False, False, True, True, True]
    lane.buffer = Buffer("t", 0, lane.buffer.next)
    assert not is_forced(lane)
    lane.buffer.add(records(range(5, 6))[0])
    assert not is_forced(lane)


def test_what_is_sealed_already_is_left_alone() -> None:
    lane = Lane(TP, (1, "member"))
    lane.buffer = Buffer("t", 0, 7)
    lane.buffer.add(records(range(7, 8))[0])
    lane.wanted_to = 7
    assert not is_forced(lane)
