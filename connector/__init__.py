"""Kafka to Adjust: Avro app events become S2S requests, delivered in order per key, committed only when settled.

The journey of a record::

    consumer thread            |  event loop: the single owner of mutable state
    poll, consume -> batch ----+-> 1 books      the offset enters the partition's ledger before anything can fail
      (assignment stamped)     |   2 decoding   wire format -> writer's schema -> event     | Invalid
                               |   3 mapping    rules -> request                            | Filtered | Invalid
                               |   4 ordering   one in flight per key, fair between keys
                               |   5 sender     httpx request -> response | transport failure
                               |   6 verdict    response -> what it means -> what is done
                               |   7 dispatch   settle | wait and send again | park, then settle | hold the app
    commit(offsets, map) <-----+-- 8 books      contiguous settled prefix + what is settled beyond it

The house; imports only go down, and `pyproject.toml` holds the contracts that say so::

    cli/            the commands, one file each                                           floor 6
    demo/           sample events and an embedded broker around the real connector        floor 5
    app/            composition root: builds and owns                                     floor 4
    engine/         the loop; all mutable state                                           floor 3
    adapters/       Kafka, registry, decoding, HTTP, telemetry, admin port, config files  floor 3
    sandbox/        a stand-in for Adjust that enforces its documented rules              floor 3
    ports.py        what the engine asks of adapters                                      floor 2
    mapping/        rules: parsed, checked, compiled; CEL                                 floor 1, pure
    delivery/       ledger, ordering, verdicts, retry, backpressure, envelope             floor 1, pure
    adjust/         Adjust's vocabulary: endpoints, parameters, formats, responses        floor 0.5, pure
    facts.py settings/ outcome.py errors.py document.py record.py                       floor 0

**The promise**: every consumed record ends as delivered, filtered by a rule on purpose, or durable in the dead-letter topic; an offset is
committed only past such records. Five files can break it, and a change to one of them is read twice:

    delivery/ledger.py         which offset may be committed
    delivery/offset_map.py     what is skipped after a restart
    delivery/ordering.py       which event may be sent now
    engine/books.py            the only place that settles
    adapters/kafka/source.py   the only place that commits

`tests/simulation` runs the engine through crashes, revocations and failures by seed; `tests/integration` does on a real broker.
"""

from __future__ import annotations

__version__ = "0.1.0"
