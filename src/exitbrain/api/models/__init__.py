"""What goes over the wire: one module a subject; amounts are decimal text, times ISO 8601 in UTC."""
