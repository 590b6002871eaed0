"""Session keys."""

from flue_memdb.contract.checks import check_id
from flue_memdb.contract.json_text import json_text


def session_storage_key(instance: str, operation: str = "session_storage_key") -> str:
    """The session key of an agent instance's default session: `agent-session:["INSTANCE","default","default"]`."""
    check_id(operation, "id", instance)
    return f'agent-session:[{json_text(instance)},"default","default"]'
