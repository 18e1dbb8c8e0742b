"""Services of the network that layers are fetched from; nothing else in the project goes online."""
