"""The drop-in for /usr/sbin/sendmail: a small SMTP client of the daemon's Unix socket. Standard library only."""
