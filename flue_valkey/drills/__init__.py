"""Drills: what an app's processes do to a server at once, also while it is killed, and whether all of it is there.

`load` is what the clients do, `ledger` what they write down of it, `audit` and `order` decide, `drill` runs the whole.
"""
