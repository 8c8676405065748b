"""Load on a service that speaks the HTTP contract: open arrivals, latency from the intended instant, the auditor on
the wire.

``arrivals`` and ``traffic`` say what is sent when, ``measuring`` what came of it; both are pure. ``worker`` is the
process in which Locust runs, ``run`` the parent that starts it, judges and reports. Nothing here but ``worker`` and
what it alone imports touches gevent.
"""
