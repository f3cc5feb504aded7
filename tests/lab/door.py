#!/usr/bin/python3
"""Takes connections on a socket that it was started with, and connects each to a server: a door into another network.

    door.py DESCRIPTOR ADDRESS PORT
"""
import asyncio
import contextlib
import socket
import sys


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
    """One direction of a connection, until its end."""
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


async def main(descriptor: str, address: str, port: str):
    async def connect(reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection(address, int(port))
        except OSError as error:
            print(f"{address}:{port}: {error}", file=sys.stderr)
            writer.close()
            return
        await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))
        for one in writer, far_writer:
            one.close()

    server = await asyncio.start_server(connect, sock=socket.socket(fileno=int(descriptor)))
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
