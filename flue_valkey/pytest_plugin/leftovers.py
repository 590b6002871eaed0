"""What a test left behind."""

import pytest


class FlueLeftoverWarning(pytest.PytestWarning):
    """A test left something on the server that nobody would ever read or remove."""
