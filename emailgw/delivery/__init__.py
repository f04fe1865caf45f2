"""Network out: from a next hop to its MX hosts, and one message to one recipient by SMTP. Knows no store, no queue."""
