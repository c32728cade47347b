"""How words leave the house: one port for SMS and mail, and a courier for each way there is."""

from libs.kit.couriers.gateway import Gateway
from libs.kit.couriers.outbox import LocalOutbox
from libs.kit.couriers.parcels import DELIVERED, Courier, Kind, Outcome, Parcel, ParcelMalformed, later, refused
from libs.kit.couriers.settings import Couriers, CourierSettings, hired
from libs.kit.couriers.smtp import Smtp

__all__ = [
    "DELIVERED", "Courier", "CourierSettings", "Couriers", "Gateway", "Kind", "LocalOutbox", "Outcome", "Parcel",
    "ParcelMalformed", "Smtp", "hired", "later", "refused",
]  # fmt: skip
