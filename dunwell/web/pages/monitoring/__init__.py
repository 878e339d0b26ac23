"""The Chasing page and what lies below it: days, calendar, failures, holds."""
