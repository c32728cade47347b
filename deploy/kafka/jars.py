"""Kafka's jars."""

from pathlib import Path

from deploy.java import Jars

HERE = Path(__file__).parent
KAFKA = Jars("Kafka", HERE / "pom.xml", "KAFKA_LIBS", "kafka-libs")
