"""Ids that the stores make up themselves."""

import os


def random_id() -> str:
    """A name that nobody else has."""
    return os.urandom(16).hex()
