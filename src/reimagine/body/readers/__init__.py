"""Motion readers, one file a format."""
