"""The start of an adapter is cut: `migrate` and `connect`, at each command, on an empty namespace and an older one."""

import pytest

from flue_memdb import StoreUnavailableError
from flue_valkey import Runner, valkey
from flue_valkey.adapter import ValkeyAdapter
from flue_valkey.keyspace import read_keyspace
from flue_valkey.layout import key
from flue_valkey.servers.cutting import CuttingRunner, Moment
from flue_valkey.servers.server import Server

MIGRATED = {"meta": {(): {"schemaVersion": "3"}}}
MOST_COMMANDS = 10


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("version", [None, "2"])
async def test_a_start_is_cut_at_each_of_its_commands(
    server: Server, runner: Runner, prefix: str, version: str | None, moment: Moment
) -> None:
    def process(runner: Runner) -> ValkeyAdapter:
        return valkey(runner, key_prefix=prefix, inspect_server=server.inspectable)

    start = {"meta": {(): {"schemaVersion": version}}} if version else {}
    for number in range(MOST_COMMANDS):
        await server.remove(prefix)
        if version:
            await runner.command("HSET", key(prefix, "meta"), "schemaVersion", version)
        doomed = CuttingRunner(server.runner())
        doomed.cut_at(number, moment)
        adapter = process(doomed)
        try:
            await adapter.migrate()
            await adapter.connect()
        except StoreUnavailableError:
            assert doomed.is_cut
        await adapter.close()
        assert (await read_keyspace(runner, prefix)).keys in (start, MIGRATED)
        other = process(server.runner())
        await other.migrate()
        await other.connect()
        await other.close()
        assert (await read_keyspace(runner, prefix)).keys == MIGRATED
        if not doomed.is_cut:
            assert number == doomed.sent >= 2
            return
    pytest.fail(f"a start of {MOST_COMMANDS} commands or more")
