//! One suite per port: what passes it may stand in for any other.
