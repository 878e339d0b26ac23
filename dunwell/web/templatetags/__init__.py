"""What templates need beyond Django: icons, money, days, states and form fields."""
