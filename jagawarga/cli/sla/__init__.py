"""`jagawarga sla`: how fast reports must be seen to, put into force and tried on the past."""
