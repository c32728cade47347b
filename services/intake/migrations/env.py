from libs.kit.migrate import run
from services.intake import service

run(service)
