"""Stream segments: the partial output of a turn."""

from flue_memdb.contract.checks import check_key, check_number, check_text
from flue_memdb.contract.errors import CorruptRecordError, quoted
from flue_memdb.contract.outcomes import reached
from flue_memdb.contract.records import StreamSegment
from flue_memdb.store.connection import Store


class SegmentStore(Store):
    async def append_stream_chunk_segment(self, stream_key: str, segment_index: int, body: str) -> bool:
        stream_key = check_key("append_stream_chunk_segment", "stream_key", stream_key)
        segment_index = check_number("append_stream_chunk_segment", "segment_index", segment_index)
        body = check_text("append_stream_chunk_segment", "body", body)
        db = await self._database("append_stream_chunk_segment")
        segments = db.segments.setdefault(stream_key, {})
        if segment_index in segments:
            reached("taken")
            return False
        segments[segment_index] = body
        reached("appended")
        return True

    async def get_stream_chunk_segments(self, stream_key: str) -> list[StreamSegment]:
        stream_key = check_key("get_stream_chunk_segments", "stream_key", stream_key)
        db = await self._database("get_stream_chunk_segments")
        segments = db.segments.get(stream_key, {})
        if -1 in segments:
            raise CorruptRecordError(
                "get_stream_chunk_segments", f"segments of stream {quoted(stream_key)}", "an index is no number"
            )
        reached("some" if segments else "none")
        return [StreamSegment(index, body) for index, body in sorted(segments.items())]

    async def delete_stream_chunk_segments(self, stream_key: str) -> None:
        stream_key = check_key("delete_stream_chunk_segments", "stream_key", stream_key)
        db = await self._database("delete_stream_chunk_segments")
        segments = db.segments.pop(stream_key, None)
        reached("unknown" if segments is None else "deleted")
