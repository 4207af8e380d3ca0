"""Loopback TCP ports: which are free, who has one, does a Kafka broker answer on one. No state, nothing outside 127.0.0.1."""

import socket
import struct
import time
import zlib
from collections.abc import Iterator

import psutil  # type: ignore[import-untyped]

HOST = "127.0.0.1"
FIRST, COUNT = 21_000, 10_000  # below the kernel's range for outgoing connections (32768 up), so that none of them sits on
# "our" port while the broker restarts; a client that retries a dead port inside that range can even connect to itself
RELEASE_S = 1.0  # a process that was killed a moment ago holds its ports for some ms
ANSWER_S = 1.0
METADATA, VERSION, CLIENT = 3, 1, b"newswire"  # Kafka protocol guide, Metadata v1: still answered by every broker


def free_ports(seed: str) -> Iterator[int]:
    """Endless free ports, none twice in a round, from a place that `seed` decides: the same folder gets the same ports again."""
    while True:
        start = zlib.crc32(seed.encode())
        for step in range(COUNT):
            port = FIRST + (start + step) % COUNT
            if is_free(port):
                yield port


def is_free(port: int) -> bool:
    """Could a server listen on it now? Java sets SO_REUSEADDR too, so connections in TIME_WAIT do not matter."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError:
            return False
    return True


def becomes_free(port: int) -> bool:
    """Like `is_free`, with a moment of patience for an owner that is just ending."""
    give_up_at = time.monotonic() + RELEASE_S
    while not is_free(port):
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.05)
    return True


def owner(port: int) -> psutil.Process | None:
    """The process that has this port, if the system lets us see it (without root: our own processes)."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return None
    pids = [found.pid for found in connections if found.laddr and found.laddr.port == port and found.pid]
    try:
        return psutil.Process(pids[0]) if pids else None
    except psutil.NoSuchProcess:
        return None


def describe_owner(port: int) -> str:
    """`java (pid 123)`, for messages."""
    process = owner(port)
    try:
        return f"{process.name()} (pid {process.pid})" if process else "a process of another user"
    except psutil.NoSuchProcess:
        return "a process that has just ended"


def broker_answers(port: int) -> bool:
    """Does a Kafka broker on this port serve a cluster with at least one live broker? One raw Metadata request, no topics.

    An open port alone says too little: the broker listens before it is registered, and would refuse to create a topic.
    """
    header = struct.pack(">hhih", METADATA, VERSION, 1, len(CLIENT)) + CLIENT
    request = header + struct.pack(">i", 0)
    try:
        with socket.create_connection((HOST, port), timeout=ANSWER_S) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = connection.recv(12, socket.MSG_WAITALL)
    except OSError:
        return False
    if len(answer) < 12:
        return False
    _length, correlation, broker_count = struct.unpack(">iii", answer)
    return bool(correlation == 1 and broker_count >= 1)
