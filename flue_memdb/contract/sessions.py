"""The shape of session data, as far as the stores know it."""

from flue_memdb.contract.checks import check_type
from flue_memdb.contract.errors import InvalidPayloadError, quoted
from flue_memdb.contract.images import check_images, entry_content
from flue_memdb.contract.json_text import Json

ENTRIES = "data['entries']"


def check_session(operation: str, data: Json) -> None:
    """A session document: a dict with a list `entries` of objects, each with a non-empty text `id`."""
    check_type(operation, "data", data, dict)
    entries = data.get("entries")
    check_type(operation, ENTRIES, entries, list)
    for index, entry in enumerate(entries):
        place = f"{ENTRIES}[{index}]"
        check_type(operation, place, entry, dict)
        if not isinstance(entry.get("id"), str) or not entry["id"]:
            raise InvalidPayloadError(
                operation, f"{place}['id']", f"is {quoted(entry.get('id'))}", "give a non-empty text"
            )
        content = entry_content(entry)
        if content:
            check_images(content, operation, f"{place}['message']['content']")


def split_session(data: dict[str, Json]) -> tuple[dict[str, Json], list[dict[str, Json]]]:
    """The document without its entries, and the entries."""
    return {name: value for name, value in data.items() if name != "entries"}, data["entries"]
