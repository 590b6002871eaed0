"""Stream segments: the partial output of a turn."""

from flue_memdb.contract import StreamSegment
from flue_memdb.contract.checks import check_key, check_number, check_text
from flue_memdb.contract.errors import quoted
from flue_valkey.rows import Row
from flue_valkey.store.connection import Store


class SegmentStore(Store):
    async def append_stream_chunk_segment(self, stream_key: str, segment_index: int, body: str) -> bool:
        check_key("append_stream_chunk_segment", "stream_key", stream_key)
        check_number("append_stream_chunk_segment", "segment_index", segment_index)
        check_text("append_stream_chunk_segment", "body", body)
        tag, *_ = await self._call(
            "append_stream_chunk_segment", stream_key=stream_key, segment_index=segment_index, body=body
        )
        return bool(tag == "appended")

    async def get_stream_chunk_segments(self, stream_key: str) -> list[StreamSegment]:
        check_key("get_stream_chunk_segments", "stream_key", stream_key)
        _, *found = await self._call("get_stream_chunk_segments", stream_key=stream_key)
        if not found:
            return []
        row = Row("get_stream_chunk_segments", f"segments of stream {quoted(stream_key)}", found[0])
        return sorted(
            (StreamSegment(index, row.text(str(index))) for index in row.indexes()),
            key=lambda segment: segment.segment_index,
        )

    async def delete_stream_chunk_segments(self, stream_key: str) -> None:
        check_key("delete_stream_chunk_segments", "stream_key", stream_key)
        await self._call("delete_stream_chunk_segments", stream_key=stream_key)
