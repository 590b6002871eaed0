"""The four stores over a server: one script an operation. The files mirror those of `flue_memdb.store`."""
