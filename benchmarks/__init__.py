"""How fast it all is: `python -m benchmarks` compares side by side, `benchmarks.reference` is the reference alone."""
