"""The picture of growth."""

import xml.etree.ElementTree as ET

from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.growth import Curve
from benchmarks.picture import draw


def test_it_shows_every_curve_by_powers_of_ten(tmp_path):
    path = tmp_path / "growth.svg"
    draw([Curve("a page", {10: 200.0, 100: 300.0, 1_000: 290.0}), Curve("all", {10: 90.0, 100: 1_200.0})], path)
    svg = ET.parse(path).getroot()
    texts = ["".join(text.itertext()) for text in svg.findall(".//{*}text")]
    assert {"a page", "all", "10", "1,000", "100,000", "10 µs", "10 ms"} <= {*texts}
    assert not {"1 µs", "100 ms"} & {*texts}
    lines = [line.get("d").count("L") for line in svg.findall(".//{*}path")]
    assert lines == [2, 1]


def test_there_is_none_without_growth(tmp_path):
    result = CliRunner().invoke(main, ["--only", "held", "--picture", str(tmp_path / "growth.svg")])
    assert result.exit_code == 2
    assert "--only leaves out" in result.output
