"""Who can read this app's messages: anyone on the path, the service, or only the two ends?"""

__version__ = "0.1.0"
