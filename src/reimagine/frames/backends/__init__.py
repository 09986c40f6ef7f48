"""Image backends, one file a model."""
