"""`python -m scenarios.cli` is `swipelab`."""

from __future__ import annotations

import sys

from scenarios.cli.entry import main

sys.exit(main())
