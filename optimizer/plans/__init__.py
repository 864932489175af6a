"""Build plans: from a result to what is to be bought, built, connected and paid, and when."""
