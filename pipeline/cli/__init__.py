"""The command line: one module per command group, imported when its command is called, so that `newswire --help` is quick.

A user's mistake ends in one sentence that names the thing and the cure, never in a traceback. Exit status: 0 done, 1 failed,
2 usage, others as a command says.
"""

import importlib
import logging
from typing import Any

import click

# command → (module, attribute, one line for the overview); the lines stand here so that --help imports nothing
COMMANDS: dict[str, tuple[str, str, str]] = {
    "run": ("run", "run", "Start everything: broker, topics, simulated wire, workers; show what happens."),
    "worker": ("worker", "worker", "Run one worker process against an existing Kafka."),
    "status": ("status", "status", "Accounts per stage, lag in records and seconds, what is unaccounted for."),
    "doctor": ("doctor", "doctor", "Check this machine, the broker, topics, store and feeds; say what to do."),
    "feeds": ("feeds", "feeds", "The catalogue: import, list, poll now, pause, resume."),
    "topics": ("topics", "topics", "The topic table: list, plan, apply, tail."),
    "explain": ("explain", "explain", "Everything known about one article."),
    "story": ("story", "story", "One story as a person would tell it: versions, copies, corrections, kills."),
    "offline": ("offline", "offline", "Run the pure stages over files, without Kafka."),
    "formats": ("formats", "formats", "The formats that are read, and which fields each of them fills."),
    "schemas": ("schemas", "schemas", "The public contract: list, show, check records against it."),
    "dashboard": ("dashboard", "dashboard", "Serve the schemas to tools that know a Schema Registry."),
    "verify": ("verify", "verify", "Prove the object store: nothing lost, nothing twice, nothing changed."),
    "recall": ("recall", "recall", "Prove that what was killed is gone; take articles back by hand."),
    "compact": ("compact", "compact", "Rewrite closed hours of stored segments as Parquet by event date."),
    "simulate": ("simulate", "simulate", "Serve a simulated wire on loopback."),
    "broker": ("broker", "broker", "The local Kafka: up, down, status."),
    "config": ("config", "config", "Show settings and where each comes from."),
}


class LazyGroup(click.Group):
    """A group that knows its commands' names and first lines, and imports one only to run it."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """In the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """Imports the command's module."""
        if name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[name]
        command: click.Command = getattr(importlib.import_module(f"pipeline.cli.{module}"), attribute)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but a slip of the pen is told what it may mean."""
        if args[0] not in COMMANDS:
            import difflib

            if near := difflib.get_close_matches(args[0], COMMANDS, n=1):
                ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The overview, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; our own errors become one sentence."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            if type(error).__name__ in PLAIN_ERRORS:
                raise click.ClickException(str(error)) from error
            raise


# by name: importing them here is slow
PLAIN_ERRORS = frozenset(
    {"ConfigError", "BrokerError", "Unreachable", "StoreError", "StoreRefused", "ContractError", "CompactError", "NoParquet"}
    | {"RedactError"}
)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--config", "path", type=click.Path(dir_okay=False), help="TOML settings file (default: ./newswire.toml if there).")
@click.option("--set", "assignments", multiple=True, metavar="SECTION.KEY=VALUE", help="Override one setting; repeatable.")
@click.version_option(package_name="newswire", prog_name="newswire")
@click.pass_context
def root(ctx: click.Context, path: str | None, assignments: tuple[str, ...]) -> None:
    """News feeds in, a provable log of enriched news events out.

    Begin with `newswire run`: it starts a local Kafka, a simulated wire and the workers, and shows what they do.
    """
    ctx.obj = (path, assignments)


def main() -> None:
    """Console script."""
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())  # what it would say our errors say; a worker logs it
    root(prog_name="newswire")
