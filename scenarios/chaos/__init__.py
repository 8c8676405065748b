"""Parts that die under load, for real: processes are killed and paused, stores restarted and emptied, and the books
are held against every answer that was given."""
