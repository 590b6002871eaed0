"""Versions of installed packages."""

from importlib.metadata import PackageNotFoundError, version


def version_of(package: str) -> str:
    """The version of a package; of one that runs from its sources without being installed, just that."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
