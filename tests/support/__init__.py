"""What the tests stand on: real services, the connector as a process, a recording upstream, and the judge."""
