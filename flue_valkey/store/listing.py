"""Listings of submissions, which a record that cannot be read must not hold up."""

from collections.abc import Callable
from typing import Any, TypeVar

from flue_memdb.contract import CorruptRecordError, FlueStoreError
from flue_memdb.contract.errors import quoted
from flue_memdb.contract.outcomes import reached
from flue_valkey.rows import Flat
from flue_valkey.store import parts
from flue_valkey.store.connection import Store, log

_T = TypeVar("_T")
_ROUNDS = 100


class ListingStore(Store):
    async def _list(self, operation: str, read: Callable[..., _T]) -> list[_T]:
        """The records that `read(operation, id, *row)` makes of a listing's entries.

        One that cannot be read is settled and left out, one that stands in the wrong index is moved; what they held up
        shows in the next round.
        """
        records: list[_T] = []
        for _ in range(_ROUNDS):
            entries, misplaced = await self._entries(operation)
            records, corrupt = self._read(operation, read, entries)
            mended = [await self._settle_corrupt(operation, *found) for found in corrupt]
            mended += [await self._reindex(operation, submission_id) for submission_id in misplaced]
            if not any(mended):
                break
        reached("some" if records else "none")
        return records

    async def _entries(self, operation: str) -> tuple[list[Any], list[bytes]]:
        """The entries of a listing, and the ids of those in the wrong index."""
        entries: list[Any] = []
        misplaced: list[bytes] = []
        behind = b"-inf"
        while True:
            _, behind, *part = await self._run(operation, after=behind, budget=parts.MICROSECONDS)
            entries += part[0]
            misplaced += part[1]
            if not behind:
                return entries, misplaced

    @staticmethod
    def _read(
        operation: str, read: Callable[..., _T], entries: list[Any]
    ) -> tuple[list[_T], list[tuple[bytes, Flat, CorruptRecordError]]]:
        records: list[_T] = []
        corrupt: list[tuple[bytes, Flat, CorruptRecordError]] = []
        for submission_id, *row in entries:
            try:
                records.append(read(operation, submission_id.decode(errors="replace"), *row))
            except CorruptRecordError as error:
                corrupt.append((submission_id, row[0], error))
        return records, corrupt

    async def _settle_corrupt(self, operation: str, submission_id: bytes, row: Flat, error: CorruptRecordError) -> bool:
        """Takes the submission out of the way; False if that did not work or it has moved on."""
        log.warning("%s: %s cannot be read: %s", operation, error.subject, error.found)
        seen = [] if isinstance(row, bytes) else [part for part in row if part is not None]
        try:
            tag, *_ = await self._run(
                operation,
                *seen,
                script="settle_corrupt_submission",
                submission_id=submission_id,
                error=f"The record is corrupt: {error.subject}: {error.found}.",
            )
        except FlueStoreError as failure:
            log.warning("%s: submission %s could not be settled: %s", operation, quoted(submission_id), failure)
            return False
        return bool(tag != "moved_on")

    async def _reindex(self, operation: str, submission_id: bytes) -> bool:
        """Puts the submission where its row says that it belongs; False if that did not work."""
        try:
            tag, *_ = await self._run(
                operation, script="reindex_submission", submission_id=submission_id.decode(errors="replace")
            )
        except FlueStoreError as failure:
            log.warning("%s: submission %s could not be moved: %s", operation, quoted(submission_id), failure)
            return False
        return bool(tag == "reindexed")
