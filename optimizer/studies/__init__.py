"""Studies: many scenarios of one question, kept in a store, told as a table and a page."""
