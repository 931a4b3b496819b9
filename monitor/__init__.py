"""The program: engine, command line and screen."""

__version__ = "0.1.0"
