"""Why something ended: every drop and every reject carries one of these words, in counters, headers and reports.

Nothing here decides anything. A value never changes its meaning: dashboards, dead letters and alerts are built on it.
"""

from enum import StrEnum


class Reason(StrEnum):
    """One word per way to end. The first group are drops (on purpose), all others are rejects (to `newswire.dead`)."""

    # drops
    SEEN = "seen"  # poll: this feed showed the same item bytes before
    REPEAT = "repeat"  # dedup: the same item bytes arrived before, from whichever feed
    UNCHANGED = "unchanged"  # link: new bytes, but the same headline and body as the version we hold
    LATE = "late"  # link: the wire's own number is not above the version we hold
    NOT_HERE = "not_here"  # link: a kill, hold or release that every language is told, about nothing that this one holds
    NOT_PUBLIC = "not_public"  # route: held, withdrawn, or no article (advisory, test): it must not reach readers

    # rejects of a fetched document (poll)
    EMPTY_BODY = "empty_body"
    NOT_A_FEED = "not_a_feed"
    BROKEN_XML = "broken_xml"
    BROKEN_JSON = "broken_json"
    BAD_ENCODING = "bad_encoding"
    BODY_TOO_LARGE = "body_too_large"
    BOT_CHALLENGE = "bot_challenge"
    TOO_MANY_ITEMS = "too_many_items"
    TOO_DEEP = "too_deep"
    ENTITY_BOMB = "entity_bomb"

    # rejects of one item
    TOO_MANY_ATTRIBUTES = "too_many_attributes"
    TOO_MANY_CHILDREN = "too_many_children"
    AUTHOR_TOO_LONG = "author_too_long"
    ITEM_TOO_LARGE = "item_too_large"
    NO_CONTENT = "no_content"  # neither headline nor text
    UNKNOWN_FORMAT = "unknown_format"
    CPU_LIMIT = "cpu_limit"  # the interval timer stopped the stage
    BAD_RECORD = "bad_record"  # the record on the topic does not decode
    RECORD_TOO_LARGE = "record_too_large"  # the result does not fit into the topic
    STAGE_FAILED = "stage_failed"  # an error of ours; the detail has the exception
