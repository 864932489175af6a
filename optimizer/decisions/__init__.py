"""What a decision needs beyond one optimum: trade-offs, worth of factors, reasons, comparisons."""
