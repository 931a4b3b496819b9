"""Tests of the screen, against scripted engines and frozen clocks."""
