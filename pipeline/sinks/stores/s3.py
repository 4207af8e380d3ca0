"""A store on an S3 server, through obstore: the only file that knows it.

Endpoint, region and credentials come from the usual variables, which obstore reads itself: AWS_ENDPOINT_URL, AWS_REGION,
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, or a role of the machine. Names are path-style.
obstore's client does not survive a fork: it is made at the first call of each process. Nor do its threads survive the end of
Python while they still hand over an answer: the process would abort, so that its exit status says nothing. They get `SETTLE_S`.
"""

import asyncio
import atexit
import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import urlsplit

import obstore
from obstore import exceptions as answers
from obstore.store import S3Store as Client

from pipeline.sinks.stores.store import PAGE, Put, StoreError, StoreRefused, check_key, folder_of

if TYPE_CHECKING:
    from obstore.store import S3Config

T = TypeVar("T")

CODE = re.compile(r"<Code>(\w+)</Code>")
SETTLE_S = 0.1  # at the end of the process; handing over an answer takes a millisecond or two
STATUS = re.compile(r"status code: (\d{3})")

# a word in obstore's error → what a person can do; the first that fits
CURES: tuple[tuple[str, str], ...] = (
    ("NoSuchBucket", "the bucket does not exist: make it, or name another one in objects.store"),
    ("RequestTimeTooSkewed", "this machine's clock is wrong: set it"),
    ("ExpiredToken", "the session has ended: renew AWS_SESSION_TOKEN and its keys"),
    ("InvalidAccessKeyId", "the server does not know these credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    ("SignatureDoesNotMatch", "the secret is another one: set AWS_SECRET_ACCESS_KEY"),
    ("AuthorizationHeaderMalformed", "the region is another one: set AWS_REGION"),
    ("PermanentRedirect", "the bucket lies in another region: set AWS_REGION"),
    ("redirect without LOCATION", "the bucket lies in another region: set AWS_REGION"),
    ("169.254.169.254", "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    ("403 Forbidden", "allow these credentials s3:PutObject, s3:GetObject, s3:ListBucket and s3:DeleteObject here"),
    ("401 Unauthorized", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Options:
    """How patient a store is; `settings` are AWS_* variables that count more than those of the environment."""

    deadline_s: float = 60.0  # of a call with all its tries; the sink tries for ever, so this only bounds what one hang costs
    request_s: float = 30.0  # a 10 MiB segment over 3 Mbit/s
    tries_max: int = 5
    backoff_s: float = 0.1
    settings: Mapping[str, str] = field(default_factory=dict)


class S3Store:
    """A bucket, or what lies below a prefix of it. A put is one PutObject with `If-None-Match: *`, never multipart.

    EXISTS may be our own write whose answer was lost, and a server may ignore the condition: read back before believing either.
    """

    def __init__(self, bucket: str, prefix: str = "", options: S3Options | None = None) -> None:
        self.bucket, self.options = bucket, options or S3Options()
        self._root = f"{prefix}/" if prefix else ""
        self._made: tuple[int, Client] | None = None

    async def put_new(self, key: str, body: bytes) -> Put:
        async def write(client: Client, path: str) -> Put:
            try:
                await obstore.put_async(client, path, body, mode="create", use_multipart=False)
            except answers.AlreadyExistsError as error:
                if _code(error) == "ConditionalRequestConflict":  # S3: somebody is writing this name at this moment
                    raise StoreError(f"{key}: another write of this name is under way") from error
                return Put.EXISTS
            return Put.CREATED

        outcome = await self._ask(key, write)
        if outcome is None:
            raise StoreError(f"{key}: the server answers 404 to a write")
        return outcome

    async def get(self, key: str) -> bytes | None:
        async def read(client: Client, path: str) -> bytes:
            return bytes(await (await obstore.get_async(client, path)).bytes_async())

        return await self._ask(key, read)

    async def head(self, key: str) -> int | None:
        found = await self._ask(key, obstore.head_async)
        return None if found is None else found["size"]

    async def list(self, prefix: str, start_after: str = "") -> AsyncIterator[str]:
        folder = self._root + folder_of(prefix)
        offset = self._root + start_after if start_after else None
        pages = obstore.list(self._client(), folder or None, offset=offset, chunk_size=PAGE)

        async def next_page(client: Client, path: str) -> list[str]:
            try:
                return [found["path"].removeprefix(self._root) for found in await anext(pages)]
            except StopAsyncIteration:
                return []

        last = start_after
        while page := await self._ask(prefix, next_page, is_prefix=True):
            keys = sorted(key for key in page if key.startswith(prefix) and key > start_after)
            if keys and keys[0] <= last:
                raise StoreRefused(f"{prefix}: the server lists names out of order; use a bucket that sorts them")
            for key in keys:
                yield key
            last = keys[-1] if keys else last

    async def delete(self, key: str) -> None:
        await self._ask(key, obstore.delete_async)

    async def e_tag(self, key: str) -> str:
        """The entity tag of the current version, "" when there is none."""
        found = await self._ask(key, obstore.head_async)
        return (found and found["e_tag"]) or ""

    async def replace_if(self, key: str, body: bytes, e_tag: str) -> bool:
        """Whether the server let us replace the version with this entity tag (`If-Match`). For the probe alone."""

        async def write(client: Client, path: str) -> bool:
            try:
                await obstore.put_async(client, path, body, mode={"e_tag": e_tag}, use_multipart=False)
            except answers.PreconditionError:
                return False
            return True

        return bool(await self._ask(key, write))

    def _client(self) -> Client:
        if self._made is None or self._made[0] != os.getpid():
            options = self.options
            _check_endpoint(dict(os.environ) | dict(options.settings))
            try:
                client = Client(
                    self.bucket,
                    config=cast("S3Config", {name.lower(): value for name, value in options.settings.items()}),
                    client_options={"allow_http": True, "timeout": timedelta(seconds=options.request_s)},
                    retry_config={
                        "max_retries": options.tries_max - 1,
                        "retry_timeout": timedelta(seconds=options.deadline_s),
                        "backoff": {"init_backoff": timedelta(seconds=options.backoff_s), "max_backoff": timedelta(seconds=5)},
                    },
                )
            except (ValueError, answers.BaseError) as error:
                raise StoreRefused(f"s3://{self.bucket}: {_first_line(error)}; look at the AWS_* variables") from error
            _settle_at_exit()
            self._made = os.getpid(), client
        return self._made[1]

    async def _ask(self, key: str, call: Callable[[Client, str], Awaitable[T]], *, is_prefix: bool = False) -> T | None:
        """The call's result within the deadline, None for what is not there."""
        path = self._root + (key if is_prefix else check_key(key))
        try:
            async with asyncio.timeout(self.options.deadline_s):
                return await call(self._client(), path)
        except TimeoutError as error:
            raise StoreError(f"{key}: no answer within {self.options.deadline_s} s") from error
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise self._explained(key, error) from error
            return None
        except (answers.BaseError, OSError) as error:
            raise self._explained(key, error) from error

    def _explained(self, key: str, error: Exception) -> StoreError:
        text = str(error)
        cure = next((cure for word, cure in CURES if word in text), None)
        status = STATUS.search(text)
        what = " ".join(part for part in (status and status[1], _code(error)) if part) or _first_line(error)
        where = f"s3://{self.bucket}/{self._root}{key}: {what}"
        return StoreRefused(f"{where}; {cure}") if cure else StoreError(where)


@cache
def _settle_at_exit() -> None:
    atexit.register(time.sleep, SETTLE_S)


def _check_endpoint(variables: Mapping[str, str]) -> None:
    """obstore panics at the first call for an endpoint that is no URL."""
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"):
        parts = urlsplit(variables.get(name) or "https://default")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise StoreRefused(f"{name} is {variables[name]!r}: write a URL such as https://HOST:PORT")


def _code(error: Exception) -> str:
    """The S3 error code, "" without one (an answer to HEAD has no body)."""
    found = CODE.search(str(error))
    return found[1] if found else ""


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]
