"""One long-running loop per file, thin: the rules are in `domain`, the work behind ports."""
