"""The database as a static site: pages that need no server, nothing from elsewhere, no script to be read."""
