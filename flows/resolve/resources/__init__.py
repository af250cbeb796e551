"""Reference places as data; read by flows.resolve.places."""
