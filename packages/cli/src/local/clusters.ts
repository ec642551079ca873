// The clusters that `weir up` works with: local ones that it starts, or contexts of the user's kubeconfig.
// It gives weir an identity of its own on local clusters; it writes no object.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { WeirError } from '@weir/core';
import { loadAccess } from '@weir/kube';
import { type Progress, showDuration } from '../terminal/progress.ts';
import type { ClusterState, Home } from './home.ts';
import { entryOfKubeconfig, type KubeconfigEntry, kubeconfigOf, readEntry } from './kubeconfig.ts';
import type { Localkube } from './localkube.ts';

/** The common name of weir's client certificates; deploy/rbac binds it. */
export const weirUser = 'weir';

type NamedEntry = { readonly name: string; readonly entry: KubeconfigEntry };

/** Starts what does not run, all at once; keeps weir's certificates where they still fit. */
export async function startLocalClusters(input: {
  home: Home;
  localkube: Localkube;
  names: readonly string[];
  timeoutMs: number;
  progress: Progress;
}): Promise<ClusterState[]> {
  const { home, localkube, names, progress } = input;
  await mkdir(home.kubeconfigs, { recursive: true, mode: 0o700 });
  progress.status(`starting clusters ${names.join(', ')}`);
  const clusters = await Promise.all(
    names.map(async (name) => {
      const cluster = await localkube.up(name, {
        timeoutMs: input.timeoutMs,
        onProgress: (line) => progress.status(`${name}: ${line.replace(/^localkube: /, '')}`),
      });
      progress.line(`cluster ${name} runs at ${cluster.server} (${showDuration(cluster.startedInMs)})`);
      return cluster;
    }),
  );
  const admins = await Promise.all(clusters.map(({ name }) => entryOf(name, localkube.kubeconfig(name))));
  const forPeople = join(home.kubeconfigs, 'config');
  await writeIfChanged(forPeople, kubeconfigOf(admins));
  const forWeir = join(home.kubeconfigs, weirUser);
  await writeIfChanged(forWeir, kubeconfigOf(await weirEntries({ path: forWeir, admins, localkube })));
  return clusters.map(({ name, server }) => ({
    name,
    server,
    kubeconfig: forPeople,
    context: name,
    weirKubeconfig: forWeir,
  }));
}

/** A certificate is issued once per cluster, and anew only for a cluster that was made anew. */
async function weirEntries(input: {
  path: string;
  admins: readonly NamedEntry[];
  localkube: Localkube;
}): Promise<NamedEntry[]> {
  const before = await readFile(input.path, 'utf8').catch(() => undefined);
  return Promise.all(
    input.admins.map(async ({ name, entry }) => {
      const known = before === undefined ? undefined : await knownEntry(before, name);
      if (known?.server === entry.server && known.caData === entry.caData) return { name, entry: known };
      return entryOf(name, input.localkube.kubeconfig(name, weirUser));
    }),
  );
}

async function knownEntry(text: string, context: string): Promise<KubeconfigEntry | undefined> {
  const entry = await entryOfKubeconfig(text, { context, readFile: noFiles });
  return entry.ok ? entry.value : undefined;
}

async function entryOf(name: string, kubeconfig: Promise<string>): Promise<NamedEntry> {
  const entry = await entryOfKubeconfig(await kubeconfig, { readFile: noFiles });
  if (!entry.ok) throw new WeirError(entry.problem);
  return { name, entry: entry.value };
}

/** What localkube prints holds everything inside. */
const noFiles = async (path: string): Promise<string> => {
  throw new Error(`${path} is not expected in a kubeconfig of localkube`);
};

async function writeIfChanged(path: string, text: string): Promise<void> {
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (before !== text) await writeFile(path, text, { mode: 0o600 });
}

/** Contexts of the user's kubeconfig under the names of `names`; a context beyond them keeps its own, made a valid name. */
export async function clustersOfContexts(input: {
  contexts: readonly string[];
  names: readonly string[];
  kubeconfig: string | undefined;
}): Promise<ClusterState[]> {
  const path =
    input.kubeconfig ?? process.env.KUBECONFIG?.split(':')[0] ?? join(homedir(), '.kube', 'config');
  return Promise.all(
    input.contexts.map(async (context, i) => {
      // The hub is only spoken to from here, so it may use an exec plugin; the others are registered on it.
      const { server } = i === 0 ? await loadAccess({ path, context }) : await readEntry(path, context);
      const name = input.names[i] ?? nameOf(context);
      return { name, server, kubeconfig: path, context, weirKubeconfig: path };
    }),
  );
}

/** A DNS label of at most 40 characters. */
export function nameOf(context: string): string {
  const name = context
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return name === '' ? 'cluster' : name;
}
