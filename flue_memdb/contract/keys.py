"""Session keys."""

from json.encoder import encode_basestring

from flue_memdb.contract.checks import check_id


def session_storage_key(instance: str, operation: str = "session_storage_key") -> str:
    """The session key of an agent instance's default session: `agent-session:["INSTANCE","default","default"]`."""
    check_id(operation, "id", instance)
    return f'agent-session:[{encode_basestring(instance)},"default","default"]'
