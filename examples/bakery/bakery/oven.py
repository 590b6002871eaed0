"""The tool: an oven, which stands for anything in the world outside that must not happen twice.

No database can know whether a call that was cut off has reached the oven. So each call has an id, which is the same
when the call is made again, and the oven keeps a book: one page for each id. A page that is there stays as it is.
"""

import json
import os
import uuid
from pathlib import Path
from urllib.parse import quote


class Oven:
    """`book` is the folder with the pages."""

    def __init__(self, book: Path) -> None:
        self._book = book

    def bake(self, call_id: str, loaves: dict[str, int]) -> dict[str, object]:
        """Bakes the loaves, or says what it baked when this call was made before."""
        self._book.mkdir(parents=True, exist_ok=True)
        with (self._book / "calls.log").open("a", encoding="utf-8") as calls:
            calls.write(f"{call_id}\n")
        page = self._book / f"{quote(call_id, safe='')}.json"
        draft = self._book / f"draft-{uuid.uuid4()}"
        draft.write_text(json.dumps({"call": call_id, "loaves": loaves, "ready": "07:30"}), encoding="utf-8")
        try:
            os.link(draft, page)  # all of the page or nothing, and only if there is none
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        baked: dict[str, object] = json.loads(page.read_text(encoding="utf-8"))
        return baked

    def calls(self) -> list[str]:
        """The ids of the calls, in order; one that was made again is there again."""
        log = self._book / "calls.log"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []

    def baked(self) -> list[str]:
        """The ids of what was baked."""
        return [json.loads(page.read_text(encoding="utf-8"))["call"] for page in sorted(self._book.glob("*.json"))]
