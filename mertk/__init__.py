"""mertk: benchmark multimodal emotion recognition from one recipe."""

__version__ = "0.1.0"
