"""The commands of the command line, one module a group; `exasite.cli` puts them together."""
