"""Timestamps: which texts are instants, and which instants they are."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from flue_memdb.conformance.examples import admit, direct, dispatch, new_run, run_end
from flue_memdb.conformance.picture import nothing_changes
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import InvalidTimestampError, Stores

_DAY_MS = 86_400_000
_MIDNIGHT_MS = 1_780_444_800_000

_INSTANTS = {
    "2026-06-03": _MIDNIGHT_MS,
    "2026-06-03T00:00": _MIDNIGHT_MS,
    "2026-06-03T00:00Z": _MIDNIGHT_MS,
    "2026-06-03T09:30:15": _MIDNIGHT_MS + 34_215_000,
    "2026-06-03T09:30:15Z": _MIDNIGHT_MS + 34_215_000,
    "2026-06-03T09:30:15.5Z": _MIDNIGHT_MS + 34_215_500,
    "2026-06-03T09:30:15.05": _MIDNIGHT_MS + 34_215_050,
    "2026-06-03T09:30:15.1239999999999999999999Z": _MIDNIGHT_MS + 34_215_123,
    "2026-06-03T23:59:59.999Z": _MIDNIGHT_MS + _DAY_MS - 1,
    "2026-06-03T24:00Z": _MIDNIGHT_MS + _DAY_MS,
    "2026-06-03T24:00:00": _MIDNIGHT_MS + _DAY_MS,
    "2026-06-03T24:00:00.000+00:00": _MIDNIGHT_MS + _DAY_MS,
    "2026-12-31T24:00:00Z": 1_798_761_600_000,
    "2026-06-03T00:00+05:30": _MIDNIGHT_MS - 19_800_000,
    "2026-06-03T00:00:00.001-05:30": _MIDNIGHT_MS + 19_800_001,
    "2026-06-03T00:00+23:59": _MIDNIGHT_MS - _DAY_MS + 60_000,
    "2026-06-03T00:00-23:59": _MIDNIGHT_MS + _DAY_MS - 60_000,
    "2026-06-03T00:00-00:00": _MIDNIGHT_MS,
    "2024-02-29": 1_709_164_800_000,
    "2000-02-29": 951_782_400_000,
    "1970-01-01T00:00Z": 0,
    "1969-12-31T23:59:59.999Z": -1,
    "0001-01-01": -62_135_596_800_000,
    "0000-12-31T23:30-00:30": -62_135_596_800_000,
    "0000-12-31T24:00": -62_135_596_800_000,
    "0001-01-01T00:00-01:00": -62_135_593_200_000,
    "9999-12-31T23:59:59.999Z": 253_402_300_799_999,
    "9999-12-31T24:00+00:01": 253_402_300_740_000,
}

_NO_TIMESTAMPS: list[Any] = [
    "",
    "now",
    "June 3, 2026",
    "2026-6-3",
    "2026-06",
    "2026",
    "20260603",
    "20260603T093000Z",
    "2026-W23-3",
    "2026-154",
    "26-06-03",
    "02026-06-03",
    "+002026-06-03",
    "-0001-06-03",
    "2026/06/03",
    " 2026-06-03",
    "2026-06-03 ",
    "2026-06-03\n",
    "2026-06-03T09:30Z\n",
    "2026-06-03 09:30Z",
    "2026-06-03t09:30Z",
    "2026-06-03T09:30z",
    "2026-06-03T",
    "2026-06-03T09",
    "2026-06-03T09Z",
    "2026-06-03T0930Z",
    "2026-06-03T9:30Z",
    "2026-06-03T09:30:5Z",
    "2026-06-03T09:30.5Z",
    "2026-06-03T09:30:15.Z",
    "2026-06-03T09:30:15,5Z",
    "2026-06-03Z",
    "2026-06-03+01:00",
    "2026-06-03T09:30+01",
    "2026-06-03T09:30+0100",
    "2026-06-03T09:30+1:00",
    "2026-06-03T09:30+24:00",
    "2026-06-03T09:30+01:60",
    "2026-06-03T09:30\u221201:00",
    "2026-06-03T09:30Z+01:00",
    "2026-06-03T09:30 Z",
    "2026-06-03T09:30[UTC]",
    "2026-06-03T09:60Z",
    "2026-06-03T09:30:60Z",
    "2026-06-03T25:00Z",
    "2026-06-03T24:01Z",
    "2026-06-03T24:00:01Z",
    "2026-06-03T24:00:00.001Z",
    "2026-06-03T24:00:00.0000000001Z",
    "2026-02-30",
    "2023-02-29",
    "1900-02-29",
    "2026-04-31",
    "2026-13-01",
    "2026-00-01",
    "2026-06-00",
    "0000-06-03",
    "0001-01-01T00:00+00:01",
    "9999-12-31T24:00Z",
    "9999-12-31T23:59:59.999-00:01",
    "２０２６-06-03",
    "2026-06-03T09:30:15.５Z",
    1_780_479_000_000,
    None,
    b"2026-06-03",
    "2026-06-03\0",
]

_USES: dict[str, Callable[[Stores, Any], Awaitable[object]]] = {
    "admit_dispatch": lambda stores, at: admit(stores, dispatch(accepted_at=at)),
    "admit_direct": lambda stores, at: admit(stores, direct(accepted_at=at)),
    "create_run": lambda stores, at: stores.runs.create_run(new_run(started_at=at)),
    "end_run": lambda stores, at: stores.runs.end_run(run_end("r0", ended_at=at)),
}


class TestTimestamps(Contract):
    """Timestamps of admissions and runs: ISO 8601 in its extended form."""

    @pytest.mark.parametrize(("text", "instant_ms"), _INSTANTS.items())
    async def test_a_timestamp_is_its_instant(self, stores: Stores, text: str, instant_ms: int) -> None:
        """Seconds and a fraction may be missing, the fraction is cut to milliseconds, 24:00 is the next midnight, no
        offset means UTC; years 1 to 9999 in UTC."""
        admitted = await admit(stores, dispatch(accepted_at=text))
        assert admitted.accepted_at == instant_ms
        assert admitted.input["acceptedAt"] == text

    @pytest.mark.parametrize("operation", _USES)
    @pytest.mark.parametrize("text", _NO_TIMESTAMPS, ids=ascii)
    async def test_anything_else_is_refused(self, stores: Stores, operation: str, text: Any) -> None:
        """A day that does not exist, an instant outside the years, or any other form is an `InvalidTimestampError`."""
        await stores.runs.create_run(new_run("r0"))
        async with nothing_changes(stores):
            with pytest.raises(InvalidTimestampError):
                await _USES[operation](stores, text)
