"""What came back by mail, understood: bytes in, a Report out. Pure and bounded; never raises, keeps nothing."""
