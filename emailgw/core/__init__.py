"""The vocabulary: addresses, statuses, messages, events, retry. Pure values and decisions; imports nothing of ours."""
