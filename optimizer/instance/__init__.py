"""Instances: from a TOML file, a shipped name or a dictionary to one frozen, checked record."""
