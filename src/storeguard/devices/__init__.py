"""Scales and cameras: one file per backend."""
