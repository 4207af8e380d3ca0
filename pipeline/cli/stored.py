"""What the commands over an object store share: opening it, and saying that nothing is proved."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from pipeline.config import Config, ConfigError

if TYPE_CHECKING:
    from pipeline.sinks.stores import Store


def opened(config: Config) -> "Store":
    """The store of the settings; a usage error where there can be none, so that nobody takes it for an empty one."""
    from pipeline.sinks.stores import FileStore, open_store

    if config.objects.store == "memory:":
        raise click.UsageError("memory: is the store of another process; give --store or set objects.store")
    try:
        store = open_store(config.objects.store)
    except ValueError as error:
        raise click.UsageError(f"{error}; give --store or set objects.store") from error
    if isinstance(store, FileStore) and not store.root.is_dir():
        raise click.UsageError(
            f"no object store at {store.root}: give --store or set objects.store, or let a worker seal something"
        )
    return store


@contextmanager
def proving(*, is_connected: bool) -> Iterator[None]:
    """What keeps us from finding out is no violation: status 2."""
    from pipeline.sinks.compactions import CompactError
    from pipeline.sinks.parquet import NoParquet
    from pipeline.sinks.stores import StoreError

    failures: tuple[type[Exception], ...] = (ConfigError, StoreError, CompactError, NoParquet)
    if is_connected:
        from pipeline import kafka

        failures += (kafka.Unreachable, *kafka.FAILURES)
    try:
        yield
    except failures as error:
        failure = click.ClickException(f"nothing is proved: {error}")
        failure.exit_code = 2
        raise failure from error
