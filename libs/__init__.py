"""What every service stands on: the events, the bus that carries them, the kit they are built with."""
