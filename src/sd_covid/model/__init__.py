"""A model as data: read, compose, write and inspect it. What it means numerically is the engine's business."""
