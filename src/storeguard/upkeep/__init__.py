"""What the installer does beside the running store: sensors, checks, backup."""
