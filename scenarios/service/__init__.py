"""The production engine as a service on this machine: what it runs on, its worker processes, its sandbox."""
