"""The four stores in memory: the exact semantics, to be read as the specification."""
