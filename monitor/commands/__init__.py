"""The one-shot commands, one module each."""
