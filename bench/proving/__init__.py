"""The proofs themselves, to be imported once Django is set up: by `bench.house.prove` and by tests.

Each module has `run(size=…)`, which gives figures with a dict `violations` of what must be zero.
"""
