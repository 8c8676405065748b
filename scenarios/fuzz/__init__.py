"""Fuzzing: many seeds of one scenario, each failure kept as a file, replayed, and shrunk to what matters."""
