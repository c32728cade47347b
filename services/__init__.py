"""The services of Dovira; each owns its data and knows the others only through events."""
