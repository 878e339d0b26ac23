"""Providers: what reaches outside. They import ports and core only; only config names them."""
