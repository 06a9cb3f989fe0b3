"""From bytes to what a record becomes.

interpreter.py   wire format, schema by topic and id, the plan applied
reader.py        a writer's schema, ready to decode with
hazards.py       what in a schema decides how it can be decoded

**Rule**: any bytes give a value of `connector.outcome`, or the wish for a schema that is not known yet.
"""

from connector.adapters.decoding.interpreter import Decoding, TopicDecoding
from connector.adapters.decoding.reader import reader

__all__ = ["Decoding", "TopicDecoding", "reader"]
