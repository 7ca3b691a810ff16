"""Requests in, responses out: translates between HTTP and the domain, and decides nothing."""
