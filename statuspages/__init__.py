"""What a team shows the public: pages of components, told by posts, and published so that they outlive us."""
