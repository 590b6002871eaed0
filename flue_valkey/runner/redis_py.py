"""What the versions of redis-py that may be installed do differently."""

from typing import Any

try:
    import redis.asyncio.maint_notifications  # noqa: F401
    from redis.maint_notifications import MaintNotificationsConfig
except ImportError:  # before 8.1
    WITHOUT_MAINTENANCE: dict[str, Any] = {}
else:
    WITHOUT_MAINTENANCE = {"maint_notifications_config": MaintNotificationsConfig(enabled=False)}
"""What keeps a client from asking the server to tell of its maintenance, which Valkey does not."""


async def has_unread(connection: Any) -> bool:
    """Whether something has come on the connection that is not read yet; finds out, too, that the server closed it."""
    look = getattr(connection, "can_read", None) or connection.can_read_destructive  # its name before 8.0
    found: bool = await look()
    return found


def abort(connection: Any) -> None:
    """Ends a connection with what is not sent yet. redis-py would wait until the server has taken it, which one that
    hangs never does."""
    transport = getattr(connection._writer, "transport", None)  # there is no public way; fakeredis has none
    if transport is not None:
        transport.abort()
