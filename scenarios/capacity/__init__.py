"""How many a second, at what latency: models of a service fitted to load runs, and what they predict (docs/CAPACITY.md)."""
