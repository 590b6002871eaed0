"""What `flue db check` looks at, one module a subject. It only reads, and needs no script."""
