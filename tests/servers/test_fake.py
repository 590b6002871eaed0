"""fakeredis as a server: what is closed is gone."""

from flue_valkey.servers.fake import FakeServer


async def test_the_server_keeps_nothing_of_a_closed_connection():
    server = FakeServer()
    for _ in range(3):
        runner = server.runner()
        await runner.command("PING")
        assert len(server.backend.sockets) == 1
        await runner.close()
        assert server.backend.sockets == []
