"""What surrounds the services: the servers that they lean on, and how they are put on machines."""
