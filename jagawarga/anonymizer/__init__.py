"""Where an anonymous report loses its maker."""
