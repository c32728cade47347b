from libs.kit.migrate import run
from services.support import service

run(service)
