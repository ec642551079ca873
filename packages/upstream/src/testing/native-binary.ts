// Finds or builds the real native binaries, and writes stand-ins that misbehave, for tests.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PROTOCOL } from '../messages.ts';

export const repositoryRoot = fileURLToPath(new URL('../../../../', import.meta.url));

/** The path of the binary of the present sources. */
async function nativeBinary(name: 'evaluate' | 'render'): Promise<string> {
  const script = pathToFileURL(join(repositoryRoot, 'scripts', 'build-native.mjs')).href;
  const builder = (await import(script)) as { buildNative(name: string): Promise<{ path: string }> };
  return (await builder.buildNative(name)).path;
}

export const renderBinary = (): Promise<string> => nativeBinary('render');
export const evaluateBinary = (): Promise<string> => nativeBinary('evaluate');

/** An executable that runs the given JavaScript instead of a render binary; it may use `send(message)`. */
export function misbehavingBinary(body: string): { readonly path: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'weir-fake-render-'));
  const path = join(directory, 'render');
  const send = `const send = (message) => {
  const body = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  process.stdout.write(Buffer.concat([head, body]));
};
const hello = { type: 'hello', protocol: ${PROTOCOL}, role: 'render', evaluators: {} };`;
  writeFileSync(path, `#!${process.execPath}\n${send}\n${body}\n`);
  chmodSync(path, 0o755);
  return { path, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
