"""The look of the charts, and parts that both reports share."""
