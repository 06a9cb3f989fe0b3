"""Mapping: declarative rules that make an Adjust request of a decoded event, checked before the first record.

    file_shape.py   the keys of mapping.yaml and the types of their values
    parse.py        a document becomes apps, topics and rules that know their place
    laws.py         what must hold of a rule whatever the schema
    places.py       the expressions of a rule, compiled with their place and judged by their type
    rules.py        one rule and one schema become a compiled rule
    compile.py      the rules of a topic and a schema become a plan
    plan.py         the plan: what an event becomes
    rule_names.py   problems name their rule
    doubts.py       what compiles, and yet will not do what was meant
    pieces.py       functions that write one parameter
    custom.py       callback and partner parameters
    form.py         percent-encoding
    cel/            the expressions: the official checker, an evaluator of ours

**Rule**: pure. Everything that can be found wrong with a rule is found before the first record, all at once, with file, line
and caret; what is wrong with one event makes that event Invalid, with a reason from a closed list.
Knows neither Kafka nor HTTP, and reads no files.
"""
