"""What came of one fetch: values only, so that what follows from them can be decided without HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["hard", "soft", "temporary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """One hop: the status that sent us on, and where to."""

    status: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer to be believed: 200, 203, 226 with a `body` (decompressed), 304 with None.

    `etag` and `last_modified` are to be sent next time, exactly as they are; after a 304 they are the new ones where it has any.
    `max_age_s` None: the server says nothing. `charset` and `content_type` are the server's words, not the truth.
    """

    status: int
    url: str
    body: bytes | None
    etag: str | None = None
    last_modified: str | None = None
    max_age_s: float | None = None
    retry_after_s: float | None = None
    content_type: str = ""
    charset: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    fetched_at: float = 0.0
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFailed:
    """No usable answer. `kind` says how bad a sign it is for the feed, `reason` is one word for counters, `status` 0: none."""

    kind: Kind
    reason: str
    detail: str = ""
    status: int = 0
    url: str = ""
    retry_after_s: float | None = None
    redirects: tuple[Redirect, ...] = ()
