"""Checks of what constructors are given."""


def is_above_0(given: object) -> bool:
    """Whether it is a number, and one above 0: a text from the environment is none."""
    return isinstance(given, (int, float)) and given > 0
