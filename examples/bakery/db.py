"""Where the bakery keeps its state: in a file, or on a server with `flue_valkey.valkey("redis://127.0.0.1:6379/0")`."""

import flue_memdb
import flue_valkey  # noqa: F401 -- for the other line

adapter = flue_memdb.memory(path="bakery.json")
