"""Training: the LoRA of the paper's image model."""
