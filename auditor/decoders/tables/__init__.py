"""What binary languages take for granted: word lists and schemas. No decoders; read when asked for."""
