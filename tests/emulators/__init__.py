"""Local servers that speak what Google and W&B speak."""
