// Cursors over Socket.IO. As its documentation advises: only the WebSocket transport, bufferutil installed,
// volatile events for positions, and the request of the handshake is not kept ("Performance tuning").
// Usage: node socketio.js PORT
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { transports: ["websocket"], serveClient: false });

io.on("connection", (socket) => {
  const { room } = socket.handshake.query;
  socket.join(room);
  socket.on("cursor", ({ x, y }) => socket.to(room).volatile.emit("cursor", { id: socket.id, x, y }));
  socket.conn.request = null;
});
http.listen(Number(process.argv[2]), "127.0.0.1");
