// Where weir itself lies: its own command, the examples, the deployment files, the Go binaries. It runs none of them.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { WeirError } from '@weir/core';

export type Binary = 'evaluate' | 'localkube' | 'render';

const variables: Readonly<Record<Binary, string>> = {
  evaluate: 'WEIR_EVALUATE',
  localkube: 'WEIR_LOCALKUBE',
  render: 'WEIR_RENDER',
};

/** The nearest directory above this file that holds the command. */
export function weirRoot(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(dir, 'packages/cli/bin/weir.mjs'))) {
    const parent = dirname(dir);
    if (parent === dir)
      throw new WeirError({
        code: 'PREREQUISITE_MISSING',
        message: 'the weir command lies outside of its checkout; expected packages/cli/bin/weir.mjs above it',
      });
    dir = parent;
  }
  return dir;
}

export const weirCommand = (): string => join(weirRoot(), 'packages/cli/bin/weir.mjs');

/** The environment's path, else the checkout's own build (built now when it is missing or out of date). */
export async function findBinary(name: Binary, log: (line: string) => void): Promise<string> {
  const given = process.env[variables[name]];
  if (given !== undefined && given !== '') {
    if (existsSync(given)) return given;
    throw missing(`${variables[name]} names ${given}, which does not exist`);
  }
  const script = join(weirRoot(), 'scripts/build-native.mjs');
  if (!existsSync(script)) throw missing(`set ${variables[name]} to the path of the ${name} binary`);
  const built: unknown = await import(pathToFileURL(script).href);
  const { path } = await (built as BuildScript).buildNative(name, { log });
  return path;
}

/** What scripts/build-native.mjs exports. */
interface BuildScript {
  buildNative(name: Binary, options: { log: (line: string) => void }): Promise<{ path: string }>;
}

const missing = (message: string): WeirError => new WeirError({ code: 'PREREQUISITE_MISSING', message });
