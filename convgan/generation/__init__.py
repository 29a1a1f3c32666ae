"""Seeds to the pictures of a trained generator."""
