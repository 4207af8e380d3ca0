"""Object storage: segments and manifests (pure), stores, and the protocol that puts each event into exactly one segment."""
