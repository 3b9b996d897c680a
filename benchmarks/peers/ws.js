// The relay of relay.go on Node and ws. As its README advises: no compression, and bufferutil is installed.
// Usage: node ws.js PORT
import { WebSocketServer, WebSocket } from "ws";

const rooms = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[2]), perMessageDeflate: false });

server.on("connection", (socket, request) => {
  const room = rooms.get(request.url) ?? { members: new Set(), next: 0 };
  rooms.set(request.url, room.members.add(socket) && room);
  const id = room.next++ & 255;
  socket.on("message", (data) => {
    if (data.length !== 5 || data[0] !== 1) return socket.close(1003);
    const frame = Buffer.allocUnsafe(6);
    frame[0] = 2;
    frame[1] = id;
    data.copy(frame, 2, 1);
    for (const peer of room.members)
      if (peer !== socket && peer.readyState === WebSocket.OPEN) peer.send(frame);
  });
  socket.on("close", () => room.members.delete(socket));
});
