"""The engine: one event loop owns all mutable state of delivery.

engine.py    the way in: batches, assignments, revocations, commits
intake.py    record -> interpreted, in order, waiting where a schema is not known yet
dispatch.py  interpreted -> sent, judged, acted upon
holds.py     apps that Adjust says are misconfigured: one probe now and then
parking.py   what cannot be delivered -> durable in the dead-letter topic
books.py     every record received and what became of it: nothing is settled but here
state.py     what the above share: a partition under one assignment, an event on its way

**Rule**: what is decided is decided by the pure floors; here it is done, and nowhere else is anything of delivery changed.
Knows ports, and no client library.
"""
