"""Cache and hold store in Redis: fast, shared by all processes, and free to forget."""

from engine.adapters.redis.cache import RedisCache
from engine.adapters.redis.connection import connect
from engine.adapters.redis.feed import Feed
from engine.adapters.redis.gathering import Gatherer
from engine.adapters.redis.holds import RedisHoldStore

__all__ = ["Feed", "Gatherer", "RedisCache", "RedisHoldStore", "connect"]
