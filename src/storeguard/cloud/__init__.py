"""What is deployed to AWS: the notifier and its template. Imports nothing of storeguard."""
