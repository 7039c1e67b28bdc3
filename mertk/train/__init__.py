"""One fit: loop, selection, checkpoints -> predictions."""
