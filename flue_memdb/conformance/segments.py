"""Stream segments, the partial output of a turn."""

import asyncio

from flue_memdb.conformance.examples import STREAM
from flue_memdb.conformance.picture import nothing_changes
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import Stores, StreamSegment


class TestSegments(Contract):
    """`append_stream_chunk_segment`, `get_stream_chunk_segments` and `delete_stream_chunk_segments`."""

    async def test_segments_are_given_by_index(self, stores: Stores, other: Stores) -> None:
        """By index, ascending as numbers, in whatever order they came; indexes may have gaps."""
        for index in (10, 2, 2**53 - 1, 0, 9):
            assert await stores.submissions.append_stream_chunk_segment(STREAM, index, f"body {index}") is True
        assert await other.submissions.get_stream_chunk_segments(STREAM) == [
            StreamSegment(index, f"body {index}") for index in (0, 2, 9, 10, 2**53 - 1)
        ]

    async def test_a_segment_is_never_overwritten(self, stores: Stores, other: Stores) -> None:
        """False if the index is taken, whether by the same body or another: the first stays."""
        await stores.submissions.append_stream_chunk_segment(STREAM, 0, "first")
        async with nothing_changes(stores):
            assert await other.submissions.append_stream_chunk_segment(STREAM, 0, "second") is False
            assert await stores.submissions.append_stream_chunk_segment(STREAM, 0, "first") is False

    async def test_of_concurrent_appends_one_wins(self, stores: Stores, other: Stores) -> None:
        """Two callers never both win an index."""
        answers = await asyncio.gather(
            *(
                some.submissions.append_stream_chunk_segment(STREAM, 0, name)
                for name, some in (("here", stores), ("there", other), ("here again", stores))
            )
        )
        assert sorted(answers) == [False, False, True]

    async def test_a_body_is_kept_as_it_is(self, stores: Stores) -> None:
        """A body is any text, the empty one too."""
        for index, body in enumerate(("", "a\0b", "é 😀\n", "x" * 1_000_000)):
            await stores.submissions.append_stream_chunk_segment(STREAM, index, body)
            assert (await stores.submissions.get_stream_chunk_segments(STREAM))[index].body == body

    async def test_an_unknown_stream_has_no_segments(self, stores: Stores) -> None:
        """Streams do not touch one another; one that nothing was appended to is empty."""
        await stores.submissions.append_stream_chunk_segment(STREAM, 0, "a")
        assert await stores.submissions.get_stream_chunk_segments("else") == []

    async def test_deleting_forgets_one_streams_segments(self, stores: Stores) -> None:
        """All segments of the stream go, those of others stay; deleting again does nothing; an index is free again."""
        await stores.submissions.append_stream_chunk_segment(STREAM, 0, "a")
        await stores.submissions.append_stream_chunk_segment(STREAM, 1, "b")
        await stores.submissions.append_stream_chunk_segment("else", 0, "c")
        await stores.submissions.delete_stream_chunk_segments(STREAM)
        assert await stores.submissions.get_stream_chunk_segments(STREAM) == []
        assert await stores.submissions.get_stream_chunk_segments("else") == [StreamSegment(0, "c")]
        await stores.submissions.delete_stream_chunk_segments(STREAM)
        assert await stores.submissions.append_stream_chunk_segment(STREAM, 0, "d") is True
