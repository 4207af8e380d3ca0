"""Messages of an agency's own wire: NewsML-G2 items with the fields that no feed has: version, status, embargo, slug line."""

from html import escape

from pipeline.simulator.feeds import SimFeed
from pipeline.simulator.render import rfc3339
from pipeline.simulator.script import Message

_SIGNALS = {"update": "sig:update", "correction": "sig:correction"}


def render_newsml(feed: SimFeed, message: Message, *, guid: str, first_at: int, version_at: int) -> bytes:
    """A standalone newsItem in UTF-8. `first_at` and `version_at` are Unix seconds."""
    text = message.text
    blocks = (text.byline, *text.paragraphs, text.signoff)
    body = "\n".join(f"<p>{escape(block, quote=False)}</p>" for block in blocks if block)
    signal = _SIGNALS.get(message.relation, "")
    meta = (
        '<itemClass qcode="ninat:text"/>',
        f'<provider literal="{feed.provider}"/>',
        f"<versionCreated>{rfc3339(version_at)}</versionCreated>",
        f"<firstCreated>{rfc3339(first_at)}</firstCreated>",
        f"<embargoed>{escape(message.embargo)}</embargoed>" if message.embargo else "",
        f'<pubStatus qcode="stat:{message.pub_status}"/>',
        f"<edNote>{escape(text.note)}</edNote>" if text.note else "",
        f'<signal qcode="{signal}"/>' if signal else "",
    )
    content = (
        f"<contentCreated>{rfc3339(version_at)}</contentCreated>",
        f"<creator><name>{escape(text.reporter)}</name></creator>",
        f'<language tag="{feed.language}"/>',
        f"<slugline>{escape(message.slug)}</slugline>" if message.slug else "",
        f"<headline>{escape(text.headline)}</headline>",
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="{escape(guid)}" version="{message.version}" '
        'standard="NewsML-G2" standardversion="2.34" conformance="power">\n'
        '<catalogRef href="http://www.iptc.org/std/catalog/catalog.IPTC-G2-Standards_40.xml"/>\n'
        f"<itemMeta>{''.join(meta)}</itemMeta>\n<contentMeta>{''.join(content)}</contentMeta>\n"
        '<contentSet><inlineXML contenttype="application/xhtml+xml"><html xmlns="http://www.w3.org/1999/xhtml"><body>\n'
        f"{body}\n</body></html></inlineXML></contentSet>\n</newsItem>\n"
    ).encode()
