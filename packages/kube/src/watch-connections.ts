// The connections on which watches live, apart from all others: HTTP/2 with many watches on each, or, where the server or
// what stands before it speaks HTTP/1.1 alone, one connection for each watch. It knows nothing of what is watched.

import { TLSSocket } from 'node:tls';
import { Agent, buildConnector } from 'undici';

/** Servers allow 100 streams a connection and requests beyond hang without an error. */
const watchesPerConnection = 80;
/** Of one cluster, where each watch takes one. */
const maxPlainConnections = 512;

export interface WatchConnections {
  current(): Agent;
  /** A dead HTTP/2 connection shows no error for a quarter of an hour, and every new watch would be put on it again. */
  leave(agent: Agent): void;
  /** Whether the request, which failed with that error, is worth another try on connections of another kind. */
  isOtherwise(agent: Agent, error: unknown): boolean;
  destroy(): Promise<void>;
}

/** On HTTP/1.1 a second watch would wait behind the first one for ever: it is not even tried. */
class SpeaksHttp1Error extends Error {}

export function createWatchConnections(connect: buildConnector.BuildOptions): WatchConnections {
  let agent = openHttp2(connect);
  const replace = (next: Agent): void => {
    void agent.destroy();
    agent = next;
  };
  return {
    current: () => agent,
    // Whoever answers there next may speak HTTP/2.
    leave: (left) => {
      if (left === agent) replace(openHttp2(connect));
    },
    isOtherwise: (tried, error) => {
      if (!speaksHttp1(error)) return false;
      if (tried === agent) replace(openHttp1(connect));
      return true;
    },
    destroy: () => agent.destroy(),
  };
}

function speaksHttp1(error: unknown): boolean {
  return (
    error instanceof SpeaksHttp1Error || (error instanceof Error && error.cause instanceof SpeaksHttp1Error)
  );
}

function openHttp2(options: buildConnector.BuildOptions): Agent {
  const connect = buildConnector({ ...options, allowH2: true });
  return new Agent({
    allowH2: true,
    connections: 4,
    pipelining: watchesPerConnection,
    bodyTimeout: 0,
    connect: (wanted, callback) =>
      connect(wanted, (...answer) => {
        const [error, socket] = answer;
        if (error !== null || (socket instanceof TLSSocket && socket.alpnProtocol === 'h2'))
          return callback(...answer);
        socket.destroy();
        callback(new SpeaksHttp1Error('the server speaks HTTP/1.1 only'), null);
      }),
  });
}

function openHttp1(connect: buildConnector.BuildOptions): Agent {
  return new Agent({ connections: maxPlainConnections, pipelining: 1, bodyTimeout: 0, connect });
}
