"""The connector shown at work on one machine: sample events, a broker inside the process, and an account of every event.

    cast        devices and apps that the events are about
    generator   events of a seed, each with the fate it must meet
    sample      what an event of the demo is
    broker      librdkafka's embedded Kafka, and what the demo asks of any Kafka
    producing   sample events for a cluster that is already there
    scenario    how the sandbox behaves: who is opted out, which requests fail
    account     what became of every event, judged from outside the connector
    addresses   where a demo that keeps running can be reached
    show        progress and the account on a terminal or in a pipe
    stage       all of it, started and stopped in order

`app_event.avsc` and `mapping.yaml` are copies of the files in `schemas/`: an installed package has no such folder.

**Rule**: the account is made from what was produced, what the sandbox received and what the topics and commits hold. What the
connector says of itself is compared with it and never enters it.
"""
