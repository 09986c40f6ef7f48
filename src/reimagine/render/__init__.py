"""What cameras see of posed surfaces: rasters, normals, depth, and where each point is in another frame."""
