"""Live: what runs while the phone talks. The proxy itself is mitmproxy's."""
