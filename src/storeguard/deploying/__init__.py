"""Puts `cloud` into an AWS account, looks after it there, and takes it away again."""
