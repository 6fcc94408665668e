"""What templates of this app can say."""
