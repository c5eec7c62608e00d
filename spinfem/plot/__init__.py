"""Pictures; matplotlib is imported inside functions, so that importing spinfem stays cheap."""
