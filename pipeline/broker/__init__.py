"""The broker that newswire brings along for a laptop or a test run: fetched once, run on the bundled JRE, loopback only.

`local.py` is the door (start, stop, status). `jars.py` brings the verified files, `folder.py` looks after the files on disk,
`fence.py` ends the broker's last run for good, `java.py` runs one detached process, `ports.py` knows loopback ports.
Nothing here is used with a cluster of your own.
"""


class BrokerError(Exception):
    """Something the user can put right: the message names the thing and the cure, and is printed without a traceback."""
