"""`python -m pipeline.contract`: writes `schemas/`; with `--check` says what is wrong with it, exit status 1 if anything is."""

import sys
from importlib.metadata import version
from pathlib import Path

from pipeline.contract.library import ContractError
from pipeline.contract.write import faults, write

ROOT = Path(__file__).resolve().parent.parent.parent / "schemas"


def main(arguments: list[str]) -> int:
    """The exit status."""
    try:
        if arguments == ["--check"]:
            found = list(faults(ROOT, version("newswire")))
            print("\n".join(found) or "schemas: as the records say, and compatible with all that was published")
            return bool(found)
        if arguments:
            print("usage: python -m pipeline.contract [--check]", file=sys.stderr)
            return 2
        print("\n".join(f"wrote {name}" for name in write(ROOT, version("newswire"))) or "schemas: nothing to write")
    except ContractError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
