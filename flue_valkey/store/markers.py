"""Attempt markers: evidence that an attempt was started."""

from typing import Any

from flue_memdb.contract import AttemptMarker, AttemptRef, CorruptRecordError
from flue_memdb.contract.errors import quoted
from flue_memdb.contract.inputs import check_attempt
from flue_memdb.contract.outcomes import reached
from flue_valkey.layout import base64url, from_base64url
from flue_valkey.rows import Flat, Row
from flue_valkey.store.connection import Store, log


class MarkerStore(Store):
    async def insert_attempt_marker(self, attempt: AttemptRef) -> None:
        check_attempt("insert_attempt_marker", attempt)
        await self._call("insert_attempt_marker", **_marker(attempt))

    async def delete_attempt_marker(self, attempt: AttemptRef) -> None:
        check_attempt("delete_attempt_marker", attempt)
        await self._call("delete_attempt_marker", **_marker(attempt))

    async def list_attempt_markers(self) -> list[AttemptMarker]:
        found: dict[bytes, Flat] = {}
        cursor = b"0"
        while True:
            _, cursor, part = await self._run("list_attempt_markers", cursor=cursor)
            found.update(part)  # a scan may give an entry twice
            if cursor == b"0":
                break
        reached("some" if found else "none")
        markers = [marker for marker in (_read(*entry) for entry in found.items()) if marker is not None]
        return sorted(markers, key=lambda marker: (marker.created_at, marker.submission_id, marker.attempt_id))


def _marker(attempt: AttemptRef) -> dict[str, Any]:
    member = f"{base64url(attempt.submission_id)}.{base64url(attempt.attempt_id)}"
    return {"submission_id": attempt.submission_id, "attempt_id": attempt.attempt_id, "member": member}


def _read(member: bytes, flat: Flat) -> AttemptMarker | None:
    """The marker of an entry; None, with a warning, for one that cannot be read."""
    try:
        row = Row("list_attempt_markers", f"marker {quoted(member)}", flat)
        submission_id, _, attempt_id = member.decode().partition(".")
        return AttemptMarker(from_base64url(submission_id), from_base64url(attempt_id), row.number(b"createdAt"))
    except (CorruptRecordError, ValueError) as error:
        log.warning("list_attempt_markers: marker %s cannot be read and is left out: %s", quoted(member), error)
        return None
