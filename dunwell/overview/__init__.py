"""Reads across areas: the board, the lists, flags, customers, search; owns only saved views."""
