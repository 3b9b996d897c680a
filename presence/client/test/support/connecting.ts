/** A connection in each of its phases, with everything it tells. */
import { Connection, type StatusChange } from "../../src/client/connection.js";
import type { ServerMessage } from "../../src/protocol/protocol.js";
import type { Token } from "../../src/client/tokens.js";
import { FakeEnvironment, welcoming } from "./fake.js";

export const URL = "ws://host/ws/presence/board/";

export function connect(prepare: (environment: FakeEnvironment) => void = () => {}, token?: Token) {
  const environment = new FakeEnvironment();
  prepare(environment);
  const messages: ServerMessage[] = [];
  const statuses: StatusChange[] = [];
  const errors: string[] = [];
  const events = {
    message: (message: ServerMessage) => void messages.push(message),
    status: (change: StatusChange) => void statuses.push(change),
    error: ({ message }: Error) => void errors.push(message),
  };
  const connection = new Connection(() => URL, "Ada", environment, events, token);
  connection.open();
  const last = () => [statuses.at(-1)?.status, statuses.at(-1)?.reason];
  return { environment, connection, messages, statuses, errors, last };
}

export function welcomed() {
  const all = connect();
  all.environment.socket.accept().say(...welcoming());
  all.environment.socket.take();
  return all;
}

/** Let the connection hold long enough to count as stable. */
export function stable() {
  const all = welcomed();
  all.environment.pass(6000);
  return all;
}
