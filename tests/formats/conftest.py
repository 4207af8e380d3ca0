"""`make golden` rewrites the expected halves of the pairs; they are reviewed as a diff."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="rewrite the expected halves of the golden pairs")
