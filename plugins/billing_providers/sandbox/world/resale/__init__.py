"""The world of backup resale: a ConnectWise tenant, and what its customers use."""
