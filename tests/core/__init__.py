"""Tests of the pure rules: tables taken from the rules, and properties."""
