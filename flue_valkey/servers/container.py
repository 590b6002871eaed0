"""A Valkey server in a container, through testcontainers."""

import asyncio
import gc
import os
import warnings
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from flue_valkey.servers.server import Server, ServerError, server_info, version_in

if TYPE_CHECKING:
    from testcontainers.community.valkey import ValkeyContainer

_DEFAULT_TAG = "8-alpine"


class ContainerServer(Server):
    """A container of the image `valkey/valkey`, of the tag that FLUE_VALKEY_TAG names, or of `8-alpine`."""

    def __init__(self) -> None:
        self._image = f"valkey/valkey:{os.environ.get('FLUE_VALKEY_TAG') or _DEFAULT_TAG}"
        self.name = f"container {self._image}"
        self._container: ValkeyContainer | None = None

    async def start(self) -> None:
        """Starts the container; the first time on a machine its image is fetched, which can take a minute."""
        if self._container is not None:
            return
        self._container = await asyncio.to_thread(_started, self._image)
        self.url = self._container.get_connection_url()
        runner = self.runner()
        try:
            self.version = version_in(await server_info(runner))
        except RedisError as error:
            await self.close()
            raise ServerError(f"{self.name} runs, but does not answer: {error}") from error
        finally:
            await runner.close()

    async def close(self) -> None:
        """Removes the container and its volume."""
        container, self._container, self.url = self._container, None, None
        if container is not None:
            await asyncio.to_thread(container.stop)


def _started(image: str) -> "ValkeyContainer":
    with warnings.catch_warnings():
        # docker and testcontainers leave sockets to the garbage collector: let it come here, where nobody minds.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            return _container_of(image)
        except Exception as error:  # of docker, requests and testcontainers alike
            cause = str(error).partition("\n")[0] or type(error).__name__
        finally:
            gc.collect()
    raise ServerError(f"no container of {image}: {cause}; start Docker, or name another engine with DOCKER_HOST")


def _container_of(image: str) -> "ValkeyContainer":
    # Only here: the import takes a while, and already looks for an engine.
    from testcontainers.community.valkey import ValkeyContainer  # noqa: PLC0415

    container = ValkeyContainer(image)
    try:
        return container.start()
    except BaseException:
        container.stop()
        raise
