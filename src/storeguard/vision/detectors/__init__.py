"""Person detectors, one file per runtime; `choice.py` takes the one that the config names."""
