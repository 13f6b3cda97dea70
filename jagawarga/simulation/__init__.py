"""What a policy would have done to a city's history: the house's own decisions, without the house.

Like a backup it works beside the process, so it may know two contexts at once; of both it takes what is pure.
"""
