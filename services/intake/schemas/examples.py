"""What examples of the API's description show."""

ID = "019a6f3c-0b1e-7c55-9d2a-3f1f6f0a9b21"
MOMENT = "2026-03-02T09:30:00Z"
