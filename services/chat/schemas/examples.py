"""The people and things of all examples."""

from typing import Final

REQUEST: Final = "01926f3c-8a00-7000-8000-000000000a01"
OLENA: Final = "01926f3c-8a00-7000-8000-0000000000c1"
ANNA: Final = "01926f3c-8a00-7000-8000-0000000000b1"
MESSAGE: Final = "01926f3d-1b00-7000-8000-00000000e001"
MOMENT: Final = "2026-03-02T18:00:21Z"
DIGEST: Final = "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"
STAMP: Final = "Zm9yLZ-G0IGITH1lmi_qoMVa0BWjv08tK9FbFbFsFbDwCggA"
