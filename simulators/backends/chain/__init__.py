"""EVM nodes behind one synchronous seam: see ``node`` for the seam, ``factory`` for opening one."""
