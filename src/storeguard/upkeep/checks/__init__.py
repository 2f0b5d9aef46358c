"""What `doctor` looks at, a file a subject; each check says what it found in the owner's words."""
