"""What stores behind a network share: the connection, the wire formats, the names."""
