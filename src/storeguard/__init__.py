"""storeguard: a daemon that guards an unmanned shop with load cells, a kiosk and a camera."""

__version__ = "0.1.0"
