"""The pages: a touch kiosk for customers, an overview for the owner, and their JSON API."""
