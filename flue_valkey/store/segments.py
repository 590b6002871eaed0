"""Stream segments: the partial output of a turn."""

from flue_memdb.contract import StreamSegment
from flue_memdb.contract.checks import check_key, check_number, check_text
from flue_memdb.contract.errors import quoted
from flue_memdb.contract.outcomes import reached
from flue_valkey.rows import Row
from flue_valkey.store import parts
from flue_valkey.store.connection import Store


class SegmentStore(Store):
    async def append_stream_chunk_segment(self, stream_key: str, segment_index: int, body: str) -> bool:
        stream_key = check_key("append_stream_chunk_segment", "stream_key", stream_key)
        segment_index = check_number("append_stream_chunk_segment", "segment_index", segment_index)
        body = check_text("append_stream_chunk_segment", "body", body)
        tag, *_ = await self._call(
            "append_stream_chunk_segment", stream_key=stream_key, segment_index=segment_index, body=body
        )
        return bool(tag == "appended")

    async def get_stream_chunk_segments(self, stream_key: str) -> list[StreamSegment]:
        stream_key = check_key("get_stream_chunk_segments", "stream_key", stream_key)
        texts = None
        while texts is None:
            texts = await self._texts("get_stream_chunk_segments", stream_key)
        reached("some" if texts else "none")
        row = Row("get_stream_chunk_segments", f"segments of stream {quoted(stream_key)}", texts)
        return sorted(
            (StreamSegment(index, row.text(b"%d" % index)) for index in row.indexes()),
            key=lambda segment: segment.segment_index,
        )

    async def _texts(self, operation: str, stream_key: str) -> dict[bytes, bytes] | None:
        """The texts by their indexes; None if the stream was deleted while they were read in parts.

        Segments never change: those from 0 on, as many as there are when the last part is read, are what is there then.
        """
        texts: list[bytes] = []
        tag = "more"
        while tag == "more":
            last = texts[-1] if texts else ""
            tag, *found = await self._run(operation, stream_key=stream_key, at=len(texts), last=last, budget=parts.READ)
            if tag == "replaced":
                return None
            if tag == "gaps":
                return await self._named_texts(operation, stream_key, *found)
            texts += found[0]
        return {b"%d" % index: text for index, text in enumerate(texts)}

    async def _named_texts(
        self, operation: str, stream_key: str, names: list[bytes], first: list[bytes]
    ) -> dict[bytes, bytes] | None:
        """The texts of all names, of which the first are there; None if the stream was deleted while they were read."""
        texts = first
        while len(texts) < len(names):
            asked = names[len(texts) : len(texts) + parts.SEGMENTS]
            _, part = await self._run(
                operation, *asked, script="get_named_segments", stream_key=stream_key, budget=parts.READ
            )
            if None in part:
                return None
            texts += part
        return dict(zip(names, texts, strict=True))

    async def delete_stream_chunk_segments(self, stream_key: str) -> None:
        stream_key = check_key("delete_stream_chunk_segments", "stream_key", stream_key)
        await self._call("delete_stream_chunk_segments", stream_key=stream_key)
