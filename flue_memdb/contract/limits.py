"""The numbers of the contract. Sizes are in the unit their name ends with; times are in milliseconds."""

from typing import Final

SCHEMA_VERSION: Final = 3

MAX_ID_BYTES: Final = 4_096
MAX_KEY_BYTES: Final = 32_768
MAX_NUMBER: Final = 2**53 - 1
MAX_JSON_DEPTH: Final = 256
MAX_IMAGE_UNITS: Final = 14_680_064
IMAGE_CHUNK_UNITS: Final = 262_144

DEFAULT_MAX_RETRY: Final = 10
DEFAULT_TIMEOUT_MS: Final = 3_600_000
LEASE_MS: Final = 30_000
DEFAULT_PAGE: Final = 100
MAX_PAGE: Final = 1_000


def page_size(limit: int | None) -> int:
    """How many records a page holds: 100 for None or a limit of 0 and below, never over 1,000."""
    if limit is None or limit <= 0:
        return DEFAULT_PAGE
    return min(limit, MAX_PAGE)
