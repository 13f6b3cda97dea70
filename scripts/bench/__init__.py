"""What it costs: figures measured on the machine at hand, beside the goals set for them."""
