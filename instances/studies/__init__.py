"""Studies the product ships with, as data: no code lives here."""
