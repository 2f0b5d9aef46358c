"""Issues on their way out: sealed on disk, adopted, delivered to S3, confirmed."""
