"""What a page of the feed costs."""
