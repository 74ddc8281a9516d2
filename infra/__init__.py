"""SentryPulse on AWS: templates, the code that deploys them, and Zappa's callbacks. Nothing here runs on
Lambda."""
