from libs.kit.migrate import run
from services.chat import service

run(service)
