"""A server that speaks S3, on one machine and without containers: what buckets are tested on."""

from deploy.s3.server import S3, available

__all__ = ["S3", "available"]
