"""What all tests share: examples are drawn the same way every time, and slow machines are no failure."""

from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")
