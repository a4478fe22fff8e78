"""The data's way through the service, in one screen."""
