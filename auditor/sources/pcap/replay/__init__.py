"""HTTP as it was said on the wire, replayed to what a proxy would have written down."""
