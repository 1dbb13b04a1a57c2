"""What several test modules share: small homes, warehouses and landed data."""
