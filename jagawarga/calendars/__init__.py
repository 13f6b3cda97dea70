"""When a clock runs: around the clock, or in the working hours of a place. Pure values that every room may use."""
