from libs.kit.migrate import run
from services.stats import service

run(service)
