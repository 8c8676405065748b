"""``python -m simulators.devnet``: serve, and say where in one line of JSON on standard output."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from threading import Thread

from simulators.devnet.server import Server, World


def main() -> None:
    """Serve until interrupted, terminated or, if asked, until standard input closes."""
    options = argparse.ArgumentParser(prog="python -m simulators.devnet", description=__doc__)
    options.add_argument("--port", type=int, default=0, help="on loopback; 0 takes a free one")
    options.add_argument("--block-interval", type=float, default=1.0, help="seconds; 0: only evm_mine makes a block")
    options.add_argument("--seed", default="devnet", help="the keys follow from it")
    options.add_argument("--withdrawal-delay", type=int, default=3 * 86_400, help="seconds")
    options.add_argument("--until-stdin-closes", action="store_true", help="end together with whoever started it")
    given = options.parse_args()
    world = World(given.seed, given.withdrawal_delay)
    server = Server(world, given.port, given.block_interval)

    def end(*_: object) -> None:
        Thread(target=server.stop).start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    if given.until_stdin_closes:
        Thread(target=lambda: (sys.stdin.buffer.read(), end()), daemon=True).start()
    ready = {
        "url": server.url,
        "token_address": world.card_token,
        "usdc_address": world.usdc,
        "settler_key": "0x" + world.settler.private_key.hex(),
        "admin_key": "0x" + world.admin.private_key.hex(),
    }
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    server.run()
    os._exit(0)  # the thread that waits for standard input cannot be ended otherwise, and would hold up the exit


if __name__ == "__main__":
    main()
