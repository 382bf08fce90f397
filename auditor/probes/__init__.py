"""Probes: what a person does on purpose so that the traffic can answer a question."""
