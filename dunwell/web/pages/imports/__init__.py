"""The importer: upload, mapping, preview, running, result."""
