"""Breaking a running system on purpose, and finding out whether it kept its promises."""
