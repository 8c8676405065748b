"""How many a second, at what latency: models of a service fitted to load runs (docs/CAPACITY.md)."""
