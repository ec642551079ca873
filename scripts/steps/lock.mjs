// One process at a time: a lock that the kernel releases when its holder dies, so that it can never be stale.
// It is an abstract socket, not a file: a file left by a killed process would need a guess about who is still alive.

import { createHash } from 'node:crypto';
import { connect, createServer } from 'node:net';

const waitLimitMs = 30 * 60_000;

/** Runs `work` while no other process of this user holds the lock of that name. */
export async function withLock({ name, onWait = () => {} }, work) {
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 32);
  const address = `\0weir-${process.getuid?.() ?? 0}-${digest}`;
  const deadline = Date.now() + waitLimitMs;
  let server = await tryListen(address);
  if (server === undefined) onWait();
  while (server === undefined) {
    if (Date.now() > deadline) throw new Error(`the lock of ${name} is held for more than 30 minutes`);
    await holderGone(address);
    server = await tryListen(address);
  }
  try {
    return await work();
  } finally {
    for (const socket of server.waiting) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function tryListen(address) {
  const server = createServer();
  server.waiting = new Set();
  server.on('connection', (socket) => {
    server.waiting.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => server.waiting.delete(socket));
  });
  return await new Promise((resolve, reject) => {
    server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    server.listen(address, () => resolve(server));
  });
}

/** A connection to the holder closes when it lets go or dies; the pause keeps losers of the race from spinning. */
async function holderGone(address) {
  await new Promise((resolve) => {
    const socket = connect(address);
    socket.on('error', () => {});
    socket.on('close', resolve);
    setTimeout(() => socket.destroy(), 60_000).unref();
  });
  await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 80));
}
