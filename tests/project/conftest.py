"""A project in a folder of its own."""

import sys
from collections.abc import Callable, Iterator

import pytest


@pytest.fixture
def write(tmp_path) -> Iterator[Callable[[str, str], None]]:
    """Writes a file into the project in `tmp_path`. What loading it brings into the interpreter is gone afterwards."""

    def written(path: str, text: str) -> None:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")

    before = list(sys.path)
    yield written
    sys.path[:] = before
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]
