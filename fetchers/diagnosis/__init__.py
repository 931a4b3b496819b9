"""Says why a program died, from its log. Pure: no I/O, no clock, no SDK, no screen."""
