"""What touches the world, by its client libraries.

    kafka/            the consumer, the producer of dead letters
    decoding/         Avro, and the plan applied to what is decoded
    registry.py       schemas by id and by subject
    http_sender.py    requests to Adjust through any httpx transport, and httpx's own
    curl/             the transport of the hot path: libcurl
    telemetry.py      facts as log lines, counts as metrics
    admin_server.py   /livez, /readyz, /metrics
    config_file.py    YAML as a tree with positions

**Rule**: an error of a library is translated where it arises; none of its types goes further up. Adapters do not know each other.
"""
