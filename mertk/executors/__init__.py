"""Where trials are conducted: in this process, in several, on a Ray cluster, by a scheduler."""
