"""Rules: read from strict YAML, matched against opened parcels, checked by their own tests."""
