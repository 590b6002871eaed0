"""How a release is built, and what it requires."""

import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Built:
    wheel: Path
    sdist: Path


def succeeds(*command: object, cwd: Path = ROOT) -> None:
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def build(tree: Path, into: Path) -> Built:
    """The wheel and the sdist that `tree` gives."""
    succeeds(sys.executable, "-m", "hatchling", "build", "-d", into, cwd=tree)
    (wheel,), (sdist,) = into.glob("*.whl"), into.glob("*.tar.gz")
    return Built(wheel, sdist)


def required(name: str, extras: set[str]) -> set[str]:
    """The names of a distribution and of all that it requires with these extras."""
    found = {name}
    for line in distribution(name).requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras | {""}):
            found |= required(requirement.name, requirement.extras)
    return found
