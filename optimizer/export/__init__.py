"""Formats of a build plan: workbook, CSV folder, JSON, Markdown and one HTML page."""
