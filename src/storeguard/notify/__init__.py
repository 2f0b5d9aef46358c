"""The owner's own channels: e-mail, messengers, SMS agencies. Each is one way to send a letter."""
