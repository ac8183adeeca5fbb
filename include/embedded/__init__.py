"""The ClickHouse engine in one process, behind ClickHouse's HTTP protocol on loopback.

For a laptop, the demo and the tests. Start it with :func:`include.embedded.process.start`; any
ClickHouse HTTP client then talks to it as to a server.
"""
