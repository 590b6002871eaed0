"""The soak: the differential run for a million operations in processes that stay: `python -m tools.soak`.

A divergence may need many sequences to show, and a leak many to be seen: of memory in the process or in the server, of
keys, of connections. After each sequence nothing may be left of it.
"""
