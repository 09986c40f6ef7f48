"""Videos of a person with exact control of pose and viewpoint."""
