"""Network in by SMTP. Today the inbound listener for reports; submission comes beside it."""
