"""The service over HTTP around any card engine; ``engine/http/app.py`` puts it together, docs/HTTP.md tells it."""
