"""What the fences forbid, what to use instead, and who is let through, by name."""

from __future__ import annotations

CLOCK = "use the clock that is handed in (kernel.now_ns, kernel.utc_ns or loop.time())"
SLEEP = "use asyncio.sleep or kernel.delay_ns"
RANDOM = "use a named stream (kernel.stream(name))"
IDS = "use the ids that are handed in, or a named stream (kernel.stream(name).bytes(16))"
THREAD = "use a task (kernel.spawn or asyncio.create_task): the simulated world has one thread"
SOCKET = "use a simulated backend; for deliberate real I/O open the fence with fences.lifted(reason)"
PROCESS = "use a task or a simulated backend; for deliberate real I/O open the fence with fences.lifted(reason)"

# Audit events (docs.python.org/3/library/audit_events.html) that end in real I/O, a thread or a process.
AUDITED = {
    "socket.__new__": ("socket.socket", SOCKET),
    "socket.bind": ("socket.bind", SOCKET),
    "socket.connect": ("socket.connect", SOCKET),
    "socket.getaddrinfo": ("socket.getaddrinfo", SOCKET),
    "socket.gethostbyaddr": ("socket.gethostbyaddr", SOCKET),
    "socket.gethostbyname": ("socket.gethostbyname", SOCKET),
    "socket.sendmsg": ("socket.sendmsg", SOCKET),
    "socket.sendto": ("socket.sendto", SOCKET),
    "subprocess.Popen": ("subprocess.Popen", PROCESS),
    "os.exec": ("os.exec", PROCESS),
    "os.fork": ("os.fork", PROCESS),
    "os.forkpty": ("os.forkpty", PROCESS),
    "os.posix_spawn": ("os.posix_spawn", PROCESS),
    "os.spawn": ("os.spawn", PROCESS),
    "os.system": ("os.system", PROCESS),
    "pty.spawn": ("pty.spawn", PROCESS),
}

# Files that tell the time or make randomness, by their own names: a link to one of them is not seen through.
DEVICES = {
    "/dev/hwrng": RANDOM,
    "/dev/random": RANDOM,
    "/dev/urandom": RANDOM,
    "/proc/sys/kernel/random/uuid": IDS,
    "/proc/uptime": CLOCK,
}

# Infrastructure that stamps or labels what it handles: it gets the virtual clock and a stream's bytes, not an error.
# Threads, sockets and processes are refused to it all the same.
INFRASTRUCTURE = {
    "anyio": "time limits of cancel scopes",
    "asyncio": "debug timings",
    "fastapi": "as starlette",
    "h11": "no clock of its own; here with httpx",
    "httpcore": "expiry of pooled connections",
    "httpx": "elapsed times, multipart boundaries",
    "logging": "the time of a log record",
    "starlette": "cookie expiry, multipart boundaries",
    "structlog": "the time of a log entry",
}

# Tools that watch the run from outside: they measure real time, and nothing of it reaches the simulated world.
TOOLS = {
    "_pytest": "durations",
    "bdb": "debugging",
    "cProfile": "profiling",
    "coverage": "measuring coverage",
    "hypothesis": "times its examples and garbage collection",
    "pdb": "debugging",
    "pluggy": "with pytest",
    "profile": "profiling",
    "pydevd": "debugging",
    "pytest": "durations",
    "pytest_timeout": "ends a hung test",
}

# Modules whose names are not looked through for `from time import time` and the like: too large, or known.
NOT_SCANNED = frozenset({"numpy", "pandas", "pyarrow", "scipy", "simpy", *TOOLS})
