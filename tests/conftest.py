"""What all tests share: examples are drawn the same way every time, and slow machines are no failure."""

from hypothesis import HealthCheck, settings

# Whether a machine is busy says nothing about the code.
settings.register_profile(
    "house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")
