"""What kept predictions say beyond one score: classes, calibration, slices. Never trains."""
