"""Mutation testing with the differential run as the judge: `python -m tools.mutation`.

A mutant is a Lua script, or a file of the reference, with one change. It is caught when the differential run tells
the changed engine from the unchanged reference. `survivors.toml` lists those that are not, each with the reason.
"""
