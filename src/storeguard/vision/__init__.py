"""Frames to people: network files, person detectors, what a picture can show at all."""
