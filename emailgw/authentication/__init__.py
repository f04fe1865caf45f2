"""Who a received message really is from: SPF, DKIM and DMARC. Asks DNS through `core.dns`, and knows no store."""
