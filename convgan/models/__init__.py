"""Configuration to keras.Model, and the arithmetic of strided convolutions."""
