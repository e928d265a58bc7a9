"""How well items are ranked, on public data and beside honest baselines: ``python -m benchmarks.ranking``."""
