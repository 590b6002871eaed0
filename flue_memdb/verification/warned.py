"""Warnings of deletions: what went wrong behind a caller's back."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from flue_memdb.contract import deletion


@contextmanager
def warned() -> Iterator[list[str]]:
    """As long as the block lasts, such warnings come into the list that it gives, and not into the log."""
    messages: list[str] = []

    def take(record: logging.LogRecord) -> bool:
        messages.append(record.getMessage())
        return False

    log = logging.getLogger(deletion.__name__)
    log.addFilter(take)
    try:
        yield messages
    finally:
        log.removeFilter(take)
