"""What is served over HTTP for people and their tools. Read-only. `server.py` has the socket, the other modules the answers."""
