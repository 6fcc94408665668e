"""What every template can say."""
