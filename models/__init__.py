"""Facts: the catalogue and the physics of AI datacenters. Pure functions of numbers, no solver, no file written."""
