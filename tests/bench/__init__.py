"""Speed, measured: ``make bench``. Never asserted in a test."""
