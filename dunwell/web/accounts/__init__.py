"""Signing up and in (django-allauth), invitations, and moving between organizations."""
