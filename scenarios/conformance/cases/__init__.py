"""The cases, by subject; each module adds its own when it is imported."""
