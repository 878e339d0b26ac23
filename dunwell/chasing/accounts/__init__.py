"""Chasing of whole accounts: what they owe, the runs of customer cadences, cycles, and rules.

Rule: chasing, Customer chasing. What a run decides is pure and stands in core.accounts; how a
message goes out stands in chasing.sender.
"""
