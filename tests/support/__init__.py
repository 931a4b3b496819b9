"""What several tests share: a clock moved by hand, workers that follow a script, records to make."""
