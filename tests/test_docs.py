"""What the documents show is there: commands with options, settings, files, make targets; every command says what it does."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import click
import pytest

from pipeline import config
from pipeline.cli import root
from pipeline.topics import BY_NAME
from tests.conftest import ROOT

LIVING = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")  # a changelog may name what is gone
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
SETTING = re.compile(r"`([a-z_]+)\.([a-z_]+)(?: = [^`]+)?`")
FILE = re.compile(r"`((?:tests|pipeline|schemas|deploy)/[\w./-]*\w)/?`")
TARGET = re.compile(r"\bmake ([a-z]+)\b")


def text(document: str) -> str:
    return (ROOT / document).read_text()


def shown() -> Iterator[tuple[str, list[str]]]:
    """Document and words of every `newswire …` in a block of code."""
    for document in LIVING:
        for block in BLOCK.findall(text(document)):
            for line in block.splitlines():
                for part in re.split(r" && | \| ", line.partition("  #")[0]):
                    words = shlex.split(part.partition(" # ")[0])
                    if words and words[0].rpartition("/")[2] == "newswire":
                        yield document, words[1:]


def all_commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its path, groups too."""
    yield path, command
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            found = command.get_command(ctx, name)
            assert found is not None
            yield from all_commands(found, (*path, name))


def options(command: click.Command) -> set[str]:
    return {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"-h", "--help"}


def test_documents_show_commands_that_are_there() -> None:
    lines = list(shown())
    assert len(lines) > 10
    for document, words in lines:
        command: click.Command = root
        for word in words:
            if word.startswith("-"):
                assert word.partition("=")[0] in options(command), f"{document}: newswire {' '.join(words)}: no option {word}"
            elif isinstance(command, click.Group):
                found = command.get_command(click.Context(command), word)
                assert found is not None, f"{document}: newswire {' '.join(words)}: no command {word}"
                command = found


@pytest.mark.parametrize("document", ["README.md", "CHANGELOG.md"])  # the others name modules in the same manner
def test_documents_name_settings_that_are_there(document: str) -> None:
    sections = {each.name: getattr(config.Config(), each.name) for each in fields(config.Config)}
    for section, key in SETTING.findall(text(document)):
        if is_dataclass(sections.get(section)) and f"{section}.{key}" not in BY_NAME:
            assert hasattr(sections[section], key), f"{document}: no setting {section}.{key}"


@pytest.mark.parametrize("document", LIVING)
def test_documents_name_files_that_are_there(document: str) -> None:
    for name in FILE.findall(text(document)):
        assert (ROOT / name).exists(), f"{document}: no file {name}"


@pytest.mark.parametrize("document", LIVING)
def test_documents_name_make_targets_that_are_there(document: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    assert set(TARGET.findall(text(document))) <= targets | {"it"}


def test_every_command_and_option_says_what_it_does() -> None:
    found = list(all_commands(root))
    assert len(found) > 30
    for path, command in found:
        assert command.help, f"newswire {' '.join(path)}"
        for each in command.params:
            assert not isinstance(each, click.Option) or each.help, f"newswire {' '.join(path)} {each.opts}"


def test_readme_names_every_command() -> None:
    readme = text("README.md")
    for name in root.list_commands(click.Context(root)):
        assert f"newswire {name}" in readme, name
