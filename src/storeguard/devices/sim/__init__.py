"""Simulated devices: public backends, built on what the real ones do."""
