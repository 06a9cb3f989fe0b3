"""Adjust's vocabulary as data: endpoints, parameters and their formats, answers and what they mean.

**Rule**: nothing here decides; it states what Adjust documents, so that a change at Adjust is a change in this folder alone.
Knows no HTTP, no CEL and no Kafka.

    endpoints.py    the three endpoints and what each demands
    parameters.py   every parameter: its format, its endpoints, whether it identifies a device
    formats.py      how a value is written: texts, whole numbers, booleans, currencies
    identifiers.py  device identifiers, their hashes, IP addresses
    numbers.py      money and points in time
    responses.py    which answer means what
"""
