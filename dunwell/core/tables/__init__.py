"""Reading strangers' tables: encodings, delimiters, dates, decimals, headers. Pure."""
