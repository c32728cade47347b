"""A real Apache Kafka on one machine, without containers: for development, for tests and for measuring."""

from deploy.kafka.cluster import Kafka, consumer_groups
from deploy.kafka.jars import KAFKA

available = KAFKA.available

__all__ = ["Kafka", "available", "consumer_groups"]
