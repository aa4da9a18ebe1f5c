"""Charts, tables and sentences of the TTS-tuning report."""
