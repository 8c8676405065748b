"""Faults: what goes wrong around an engine, drawn up front from the seed, and counted."""
