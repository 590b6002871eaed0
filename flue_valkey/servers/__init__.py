"""Servers to test against (extra `testing`): fakeredis, a local one, a container, and one of yours by its URL."""
