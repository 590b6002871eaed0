"""Recording: a wrapper round any adapter that writes a trace of what is done through its stores."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from inspect import isawaitable
from itertools import count
from operator import attrgetter
from pathlib import Path
from typing import Any, TextIO

from flue_memdb.clock import Clock, SystemClock
from flue_memdb.contract import Adapter, FlueStoreError, Json, Stores
from flue_memdb.verification.comparison import text_of
from flue_memdb.verification.observations import Answer
from flue_memdb.verification.shapes import SHAPES, write_arguments
from flue_memdb.verification.traces import Trace, write_trace
from flue_memdb.verification.values import camel, to_json
from flue_memdb.wrapping import OPERATIONS, OperationCall, WrappedAdapter


def record(
    adapter: Adapter,
    path: str | Path,
    *,
    clock: Clock | None = None,
    client: int = 0,
    title: str = "recorded",
) -> "RecordingAdapter":
    """An adapter that does what `adapter` does, and writes a trace of it to `path`, which is begun afresh by `connect`.

    The lines stand in the order in which the calls began; a call that never ended, because it was cancelled, has none,
    but for a deletion in whose callback something was done: it has that of one whose callback failed.
    Give the clock that `adapter` uses: a replay can agree about times only if the trace tells what the stores saw.
    What is done within a deletion callback stands in the line of its deletion, as `during`; what a task that it began
    still does when the deletion has ended has lines of its own. `events.subscribe` and `events.tail` are passed through
    and not recorded. What JSON cannot carry becomes a placeholder (`placeholders.py`).
    """
    return RecordingAdapter(adapter, _Recorder(Path(path), clock or SystemClock(), client, title))


class RecordingAdapter(WrappedAdapter):
    """An adapter whose stores are recorded."""

    def __init__(self, adapter: Adapter, recorder: "_Recorder") -> None:
        super().__init__(adapter, recorder.carry)
        self._recorder = recorder

    async def connect(self) -> Stores:
        """The recorded stores."""
        stores = await super().connect()
        self._recorder.begin()
        return stores

    async def close(self) -> None:
        """As the adapter does; then the trace is complete."""
        await super().close()
        self._recorder.end()


@dataclass(slots=True, eq=False)
class _Entry:
    """A call, the `number`th; `answer` is None until it ended, and stays so if it was cancelled."""

    number: int
    at: int
    op: str
    args: list[Json]
    answer: Answer | None = None
    left: bool = False
    line: str | None = None


@dataclass(slots=True, eq=False)
class _Within:
    """The calls within a deletion's callback, and what it `raised`; one that is `plain` gave nothing to await. A task
    that it began may go on when the deletion is `over`."""

    entries: list[_Entry] = field(default_factory=list)
    raised: list[BaseException] = field(default_factory=list)
    plain: bool = False
    over: bool = False

    def ended(self) -> list[_Entry]:
        """Those that have an answer."""
        return [entry for entry in self.entries if entry.answer is not None]


class _Recorder:
    """The trace of one adapter."""

    def __init__(self, path: Path, clock: Clock, client: int, title: str) -> None:
        self._path = path
        self._clock = clock
        self._client = client
        self._title = title
        self._file: TextIO | None = None
        self._now_ms = 0
        self._numbers = count(1)
        self._entries: list[_Entry] = []
        self._within: ContextVar[_Within | None] = ContextVar("within", default=None)

    def begin(self) -> None:
        """Begins the file, with its header."""
        if self._file is None:
            write_trace(self._path, Trace(self._title, "recorded"))
            self._file = self._path.open("a", encoding="utf-8", newline="")

    def end(self) -> None:
        """Closes the file; calls that have not ended are left out."""
        if self._file is not None:
            self._entries = [entry for entry in self._entries if entry.left]
            self._write()
            self._file.close()
            self._file = None

    async def carry(self, call: OperationCall) -> Any:
        """Makes a call, and writes it down."""
        if call.operation == "delete_session":
            return await self._carry_deletion(call.method, **call.arguments())
        name = f"{OPERATIONS[call.operation]}.{call.operation}"
        entry = self._enter(camel(name), write_arguments(call.operation, call.args, call.kwargs))
        try:
            result = await call.make()
        except FlueStoreError as error:
            entry.answer = _error(error.kind, error)
            raise
        except Exception as error:
            entry.answer = _error("other", error)
            raise
        else:
            entry.answer = {"result": to_json(result)} if SHAPES[name].gives else {}
            return result
        finally:
            self._leave(entry)

    async def _carry_deletion(
        self,
        call: Callable[..., Awaitable[Any]],
        session_key: str,
        delete_session_tree: Callable[[], Awaitable[object]],
    ) -> None:
        """Deletions call back: what happens in there belongs to the deletion."""
        during = _Within()
        callback = self._within_deletion(during, delete_session_tree)
        written = write_arguments("delete_session", (session_key, delete_session_tree), {})
        tree: dict[str, Json] = {"$tree": "ok"}
        entry = self._enter(
            "submissions.deleteSession", [written[0], tree if callable(delete_session_tree) else written[1]]
        )
        answer: Answer | None = {}
        try:
            await call(session_key, callback)
        except Exception as error:
            # Whatever the callback raises is the callback's, also where it is an error of the stores.
            refused = isinstance(error, FlueStoreError) and error not in during.raised
            tree["$tree"] = "plain" if during.plain else "ok" if refused else "fail"
            answer = _error(error.kind if isinstance(error, FlueStoreError) and refused else "callback", error)
            raise
        except BaseException as error:
            # A callback that was cancelled leaves what one leaves that failed.
            tree["$tree"] = "fail"
            answer = _error("callback", error) if during.raised and during.ended() else None
            raise
        finally:
            during.over = True
            ended = during.ended()
            if ended and answer is not None:
                tree["during"] = [{"op": inner.op, "args": inner.args} for inner in ended]
                answer["during"] = [inner.answer for inner in ended]
            entry.answer = answer
            self._entries += [inner for inner in during.entries if answer is None or not inner.left]
            self._entries.sort(key=attrgetter("number"))  # they began before others that are there already
            self._leave(entry)

    def _enter(self, op: str, args: list[Json]) -> _Entry:
        """A call begins."""
        self._now_ms = max(self._now_ms, self._clock())
        entry = _Entry(next(self._numbers), self._now_ms, op, args)
        outer = self._within.get()
        (self._entries if outer is None or outer.over else outer.entries).append(entry)
        return entry

    def _leave(self, entry: _Entry) -> None:
        """A call has ended, with its answer or without one."""
        entry.left = True
        if entry.answer is not None:
            line = {"at": entry.at, "client": self._client, "op": entry.op, "args": entry.args, **entry.answer}
            # The text is made now, because a caller may change what it was given.
            entry.line = text_of(line)
        self._write()

    def _within_deletion(self, during: _Within, callback: Any) -> Any:
        """The callback, which tells what was done and raised in it; what is no function stays what it is."""
        if not callable(callback):
            return callback

        async def awaited(called: Awaitable[object]) -> None:
            with self._inside(during):
                await called

        def recorded() -> Any:
            with self._inside(during):
                called = callback()
            during.plain = not isawaitable(called)
            return called if during.plain else awaited(called)

        return recorded

    @contextmanager
    def _inside(self, during: _Within) -> Iterator[None]:
        token = self._within.set(during)
        try:
            yield
        except BaseException as error:
            during.raised.append(error)
            raise
        finally:
            self._within.reset(token)

    def _write(self) -> None:
        """Writes the lines that no call which began earlier still holds up."""
        while self._entries and self._entries[0].left:
            entry = self._entries.pop(0)
            if self._file is not None and entry.line is not None:
                self._file.write(entry.line + "\n")


def _error(kind: str, error: BaseException) -> Answer:
    return {"error": {"kind": kind, "message": str(error)}}
