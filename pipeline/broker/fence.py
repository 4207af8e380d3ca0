"""End the broker's last run for good before the next one begins, so that no restart loses the end of a transaction.

Why. A restarted Kafka 4.3.1 first acts on what its own metadata last said: it leads its partitions. It finds transactions that
were committed but whose commit markers were not written, and tries to write them; its own port is not open yet. Then the
controller notices that the last run is dead: for a moment no partition has a leader, the coordinator takes partitions without
a leader for deleted ones ("likely deleted already and hence can be skipped"), and calls the transaction complete. The markers
are never written, and read_committed readers of that partition wait for ever: seen in 1 of 10 kill -9 within ms of a commit.
With more brokers the leaders would move; one broker alone is hit each time.

So the controller alone runs first and declares the last run dead. The broker then begins without leading anything, leads again
once it is registered, and completes its transactions properly. This takes about a second, and saves the 3 s and more that a new
run would wait for the old one's session to end. Nothing here is needed for a folder that was just formatted.
"""

import re
import time
from collections.abc import Sequence

from pipeline.broker import BrokerError, java
from pipeline.broker.folder import BrokerFolder, last_errors

ACTIVE = "Performing controller activation"
FENCED = re.compile(r"Fencing broker 1 .*Processed handleCommit", re.DOTALL)  # declared dead, and that is in the metadata log
ALREADY_S = 2.0  # an active controller fences a silent broker within 0.1 s; if nothing happens for so long, it was fenced before
ACTIVE_S_MAX = 60.0  # activation takes 0.6 s; a machine that swaps gets a hundred times that
STOP_S_MAX = 10.0  # 0.1 s as a rule


def fence_last_run(folder: BrokerFolder, java_arguments: Sequence[str]) -> None:
    """Run the controller of `folder` until the broker's last run is declared dead. Raises BrokerError if it ends or hangs."""
    folder.controller_log.unlink(missing_ok=True)
    arguments = [
        *java.QUICK,
        *java_arguments,
        f"-Dnewswire.log={folder.controller_log}",
        "-Dnewswire.controller=debug",
        "kafka.Kafka",
        str(folder.controller_properties),
    ]
    process = java.spawn(folder.path, arguments, console=folder.console)
    try:
        _await_fencing(folder, process)
    finally:
        java.end(process, gently_s=STOP_S_MAX)


def is_fencing(folder: BrokerFolder, process: java.Process) -> bool:
    """Is this process of the folder the controller alone, left behind by a starter that died?"""
    return str(folder.controller_properties) in java.command_line(process)


def _await_fencing(folder: BrokerFolder, process: java.Process) -> None:
    give_up_at, active_at = time.monotonic() + ACTIVE_S_MAX, None
    while True:
        text = folder.controller_log.read_text(errors="replace") if folder.controller_log.exists() else ""
        if FENCED.search(text):
            return
        now = time.monotonic()
        if ACTIVE in text:
            active_at = active_at or now
            if now - active_at > ALREADY_S:
                return
        if java.is_gone(process) or now > give_up_at:
            errors = last_errors(folder, folder.controller_log) or "  (no error line)"
            what = "ended while it started" if java.is_gone(process) else f"did not come up within {ACTIVE_S_MAX:.0f} s"
            raise BrokerError(f"the controller in {folder.path} {what}:\n{errors}\nMore in {folder.controller_log.parent}")
        time.sleep(java.POLL_S)
