"""The reports without a server: digest, snapshot, packed databases, pictures."""
