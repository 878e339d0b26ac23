"""The pages that members use."""
