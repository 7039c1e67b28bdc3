"""What can be scored on a corpus without its media, and what people reach: floor and ceiling."""
