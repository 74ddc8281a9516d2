"""SentryPulse on AWS: templates, what drives them, and what Zappa is told. Nothing here runs on Lambda."""
