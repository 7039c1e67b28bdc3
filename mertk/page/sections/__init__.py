"""The parts of a page, each made from what is kept of some systems."""
