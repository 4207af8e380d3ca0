"""Settings: defaults < TOML file < environment `NEWSWIRE_<SECTION>_<KEY>` < flags. The only reader of the environment.

An unknown or misspelt key is an error that names the nearest one. Secrets come from the environment or from a file named by a
setting, never from TOML, and are never printed. `load` returns the settings with the origin of each value.
"""

import dataclasses
import difflib
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from pipeline.routes import BY_LANGUAGE, BadRule, Routes, read_rules
from pipeline.topics import ARCHIVED

FILE_DEFAULT = "newswire.toml"
ENVIRONMENT_PREFIX = "NEWSWIRE_"
SECRET = {"secret": True}


class ConfigError(ValueError):
    """A setting that cannot be used; the message names the key, where it came from and the cure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kafka:
    """`bootstrap` "local" runs our own broker; "host:port,…" uses a cluster. `app` prefixes groups and transactional ids."""

    bootstrap: str = "local"
    prefix: str = "newswire"
    app: str = "newswire"
    partitions: int = 4
    replication: int = 1
    session_timeout_s: float = 8.0
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "SCRAM-SHA-512"
    sasl_username: str = ""
    sasl_password: str = field(default="", metadata=SECRET)
    sasl_password_file: str = ""
    ssl_cafile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """The local Kafka: its folder, its port (0: a free one, kept in the folder), the cache of its jars ("": the per-user one)."""

    folder: str = "var/broker"
    port: int = 0
    cache: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """Feeds and how they are fetched. `allow` lists networks (CIDR) that may be polled although private, with any port."""

    catalogue: str = "feeds.toml"
    interval_s: float = 300.0
    in_flight_max: int = 64
    allow: tuple[str, ...] = ()
    user_agent: str = "newswire/0.1 (+https://newswire.example/about)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hops:
    """Bounds of one transaction, and of the time the event loop is held between two yields."""

    records_max: int = 1000
    bytes_max: int = 8 << 20
    slice_s: float = 0.02
    transaction_timeout_s: float = 15.0
    concurrency: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """When a hop stops instead of dead-lettering the world: a share of the last `window` records, or a run of rejects."""

    share_max: float = 0.5
    window: int = 1000
    run_max: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class StateStore:
    """Where stages keep their state: RocksDB below `folder`, or "memory" (rebuilt from the changelog at each start)."""

    store: str = "rocksdb"
    folder: str = "var/state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """The object sinks, one for each of `topics`: a segment is sealed at the first of these bounds. All share the memory.

    `store` is file:PATH, s3://BUCKET/PREFIX (the rest in the usual AWS_* variables) or memory:.
    """

    store: str = "file:var/objects"
    prefix: str = "newswire"
    topics: tuple[str, ...] = ("enriched", "raw", "documents")
    records_max: int = 20_000
    bytes_max: int = 32 << 20
    age_s: float = 60.0
    memory_bytes_max: int = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """What kills do to the object store: whether workers redact it, how many days back they look, how often they look whether
    what was killed has come again, whether originals of raw items and documents are kept below `restricted/` (whose access is
    then the operator's to restrict).
    """

    enabled: bool = True
    days: float = 35.0  # a kill knows items of the last 30 days
    sweep_s: float = 300.0  # each reads the new segments that may hold one: of a feed with a kill, all its documents
    keep_raw: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulator:
    """The simulated wire that `newswire run` serves on loopback when `enabled`. `speed` is virtual seconds per second."""

    enabled: bool = False
    seed: int = 1
    speed: float = 60.0
    port: int = 0
    truth: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """`newswire run`: how many worker processes, how often they report, how long a drain may take."""

    workers: int = 1
    report_s: float = 1.0
    drain_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Prometheus exposition of a worker on loopback; port 0 takes a free one (shown in `newswire status`)."""

    host: str = "127.0.0.1"
    port: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """`format` auto: console on a terminal, JSON lines elsewhere."""

    level: str = "info"
    format: str = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings, by section. `origins` tells where each value came from ("kafka.bootstrap" → "default")."""

    kafka: Kafka = Kafka()
    broker: Broker = Broker()
    poll: Poll = Poll()
    hops: Hops = Hops()
    dead_letters: DeadLetters = DeadLetters()
    state: StateStore = StateStore()
    objects: Objects = Objects()
    recall: Recall = Recall()
    routes: Routes = BY_LANGUAGE
    simulator: Simulator = Simulator()
    run: Run = Run()
    metrics: Metrics = Metrics()
    log: Log = Log()
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)


SECTIONS: dict[str, Any] = {f.name: f.default for f in dataclasses.fields(Config) if f.name != "origins"}
TYPES = {
    f"{section}.{name}": kind for section, default in SECTIONS.items() for name, kind in get_type_hints(type(default)).items()
}
SECRETS = frozenset(
    f"{section}.{f.name}"
    for section, default in SECTIONS.items()
    for f in dataclasses.fields(default)
    if f.metadata.get("secret")
)
BOUNDS: tuple[tuple[str, float, float], ...] = (
    ("kafka.partitions", 1, 1000),
    ("kafka.replication", 1, 10),
    ("kafka.session_timeout_s", 6, 300),  # Kafka's group.min.session.timeout.ms
    ("poll.interval_s", 0.1, 86_400),
    ("poll.in_flight_max", 1, 1000),
    ("hops.records_max", 1, 10_000),
    ("hops.concurrency", 1, 64),
    ("dead_letters.share_max", 0, 1),
    ("dead_letters.window", 1, 10_000_000),
    ("dead_letters.run_max", 1, 10_000_000),
    ("objects.age_s", 0.1, 3600),
    ("recall.days", 0, 36_500),
    ("recall.sweep_s", 0.1, 86_400),
    ("run.workers", 0, 64),
    ("simulator.speed", 0.01, 1_000_000),
)
CHOICES: tuple[tuple[str, tuple[str, ...]], ...] = (("objects.topics", ARCHIVED),)  # some of these, each once
PATTERNS: tuple[tuple[str, str, str], ...] = (
    (
        "objects.prefix",
        r"([^./\0][^/\0]*(/[^./\0][^/\0]*)*)?",
        "a relative path such as news/live, no name of it with a dot in front",
    ),
)


def load(path: str | None = None, *, flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """Reads the settings. `path` None takes ./newswire.toml when it is there; flags are {"kafka.bootstrap": value}."""
    environ = os.environ if environ is None else environ
    path = path or environ.get("NEWSWIRE_CONFIG")
    values: dict[str, Any] = {}
    origins = dict.fromkeys(TYPES, "default")
    for origin, layer in (
        _file_layer(path),
        *_environment_layers(environ),
        *((f"flag {key}", {key: value}) for key, value in (flags or {}).items() if value is not None),
    ):
        for key, value in layer.items():
            values[key] = _checked(key, value, origin)
            origins[key] = origin
    _read_secret_files(values, origins)
    sections = {
        name: dataclasses.replace(default, **{k.split(".")[1]: v for k, v in values.items() if k.startswith(name + ".")})
        for name, default in SECTIONS.items()
    }
    return Config(**sections, origins=origins)


def _file_layer(path: str | None) -> tuple[str, dict[str, Any]]:
    file = Path(path or FILE_DEFAULT)
    if not file.exists():
        if path:
            raise ConfigError(f"config file {path!r} does not exist; name an existing one with --config")
        return "default", {}
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}; mend that, or name another one with --config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not valid TOML: {error}") from error
    layer: dict[str, Any] = {}
    for section, content in table.items():
        if section not in SECTIONS:
            raise ConfigError(f"{file}: unknown section [{section}]{_nearest(section, SECTIONS)}")
        if not isinstance(content, dict):
            raise ConfigError(f"{file}: {section} must be a section, written [{section}]")
        layer |= {f"{section}.{key}": value for key, value in content.items()}
    for key in layer.keys() & SECRETS:
        raise ConfigError(f"{file}: {key} is a secret: set {environment_name(key)} or {key}_file instead of writing it here")
    return str(file), layer


def _environment_layers(environ: Mapping[str, str]) -> list[tuple[str, dict[str, Any]]]:
    known = {environment_name(key): key for key in TYPES}
    layers = []
    for name, value in sorted(environ.items()):
        if not name.startswith(ENVIRONMENT_PREFIX) or name == "NEWSWIRE_CONFIG":
            continue
        if name not in known:
            raise ConfigError(f"environment variable {name} names no setting{_nearest(name, known)}")
        layers.append((name, {known[name]: value}))
    return layers


def environment_name(key: str) -> str:
    """`kafka.bootstrap` → `NEWSWIRE_KAFKA_BOOTSTRAP`."""
    return ENVIRONMENT_PREFIX + key.replace(".", "_").upper()


def parse_assignments(assignments: Sequence[str]) -> dict[str, str]:
    """`--set kafka.partitions=8` words to a flag layer."""
    flags = {}
    for word in assignments:
        key, equals, value = word.partition("=")
        if not equals:
            raise ConfigError(f"--set {word!r}: write it as section.key=value")
        flags[key.strip()] = value.strip()
    return flags


def _checked(key: str, value: Any, origin: str) -> Any:
    if key not in TYPES:
        raise ConfigError(f"{origin}: unknown setting {key}{_nearest(key, TYPES)}")
    if isinstance(value, str) and TYPES[key] == tuple[str, ...]:
        value = tuple(word.strip() for word in value.split(",") if word.strip())
    try:
        if key == "routes.rules":
            return read_rules(value)
        value = msgspec.convert(value, TYPES[key], strict=not isinstance(value, str))
    except BadRule as error:
        raise ConfigError(f"{origin}: {error}") from error
    except msgspec.ValidationError as error:
        shown = "" if key in SECRETS else f" (got {value!r})"
        raise ConfigError(f"{origin}: {key}: {error}{shown}") from error
    for bounded, least, most in BOUNDS:
        if key == bounded and not least <= value <= most:
            raise ConfigError(f"{origin}: {key} must be between {least:g} and {most:g} (got {value})")
    for written, pattern, meaning in PATTERNS:
        if key == written and not re.fullmatch(pattern, value):
            raise ConfigError(f"{origin}: {key} must be {meaning} (got {value!r})")
    for listed, choices in CHOICES:
        if key == listed:
            _check_words(f"{origin}: {key}", value, choices)
    return value


def _check_words(name: str, words: tuple[str, ...], choices: tuple[str, ...]) -> None:
    known = ", ".join(choices)
    if not words:
        raise ConfigError(f"{name} is empty; name at least one of {known}")
    for word in words:
        if word not in choices:
            raise ConfigError(f"{name} cannot hold {word!r}; choose from {known}")
        if words.count(word) > 1:
            raise ConfigError(f"{name} names {word!r} twice; once is enough")


def _read_secret_files(values: dict[str, Any], origins: dict[str, str]) -> None:
    for key in SECRETS:
        file = values.get(f"{key}_file")
        if file and key not in values:
            try:
                values[key] = Path(file).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ConfigError(f"{origins[key + '_file']}: {key}_file {file!r}: {error.strerror}") from error
            origins[key] = f"file {file}"


def _nearest(word: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known)[:12])} …"


def to_environment(config: Config) -> dict[str, str]:
    """Environment variables that give a child process these settings, whatever its own file says."""
    names = {}
    for key in TYPES:
        value = _value(config, key)
        names[environment_name(key)] = _text(value)
    return {name: text for name, text in names.items() if text != ""}


def _text(value: Any) -> str:
    if not isinstance(value, tuple):
        return str(value)
    return ",".join(value) if all(isinstance(word, str) for word in value) else msgspec.json.encode(value).decode()


def rows(config: Config) -> list[tuple[str, Any, str]]:
    """(key, value, origin) of every setting in order, secrets masked: what `newswire config show` prints."""
    return [(key, _masked(key, _value(config, key)), config.origins[key]) for key in TYPES]


def _masked(key: str, value: Any) -> Any:
    return "•••" if key in SECRETS and value else value


def _value(config: Config, key: str) -> Any:
    section, name = key.split(".")
    return getattr(getattr(config, section), name)
