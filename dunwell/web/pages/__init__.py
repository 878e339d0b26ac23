"""The pages, one module per part of the navigation; each lists its own addresses."""
