"""Status pages: components, posts and subscribers, and published copies that can be read when we are down."""
