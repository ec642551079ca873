// `weir reconcile`: asks for a delivery to be fetched and applied now, as its own tool's command would, and waits.
// It never applies anything itself.

import { errorCatalogue, isRecord, type KubeObject, refOf } from '@weir/core';
import type { Command } from 'commander';
import { parseDuration } from '../duration.ts';
import { Exit, exitCodes, exitCodesHelp } from '../exit.ts';
import { type Declared, isReady, keyOf, listDeclared, type Scope } from '../hub/declared.ts';
import { type Known, waitUntil } from '../hub/follow.ts';
import { namesHelp, resolveName, showName } from '../hub/names.ts';
import { type Hub, namespaceOf, type ScopeOptions, withHub, withScopeOptions } from '../hub/open.ts';
import { shortRevision } from '../hub/rows.ts';
import { createProgress, type Progress, showDuration } from '../terminal/progress.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface ReconcileOptions extends ScopeOptions {
  readonly withSource?: boolean;
  readonly wait: boolean;
  readonly timeout: number;
}

const help = `${namesHelp}

Examples:
  weir reconcile storefront-east                 now, and wait until it is healthy
  weir reconcile ks/east-apps --with-source      fetch its source first
  weir reconcile app/catalog-west --no-wait      only ask
${exitCodesHelp}`;

export function registerReconcile(program: Command, terminal: Terminal): void {
  withScopeOptions(program.command('reconcile'))
    .description('reconcile a delivery now and wait until it is ready')
    .argument('<name>', 'a delivery')
    .option('--with-source', 'have its source fetched first')
    .option('--wait', 'wait until it is handled and ready (the default)', true)
    .option('--no-wait', 'ask, and do not wait')
    .option('--timeout <duration>', 'how long to wait', parseDuration, 300_000)
    .addHelpText('after', help)
    .action((name: string, options: ReconcileOptions) => runReconcile({ name, options, terminal }));
}

async function runReconcile(input: {
  name: string;
  options: ReconcileOptions;
  terminal: Terminal;
}): Promise<void> {
  const { name, options, terminal } = input;
  const began = Date.now();
  const progress = createProgress(terminal);
  try {
    await withHub(options, async (hub) => {
      const scope: Scope = { ...scopeOf(hub, terminal), namespace: namespaceOf(options) };
      const delivery = resolveName(name, await listDeclared(scope), scope.namespace);
      if (delivery.summary.suspended)
        throw new Exit(exitCodes.failure, `${showName(delivery)} is suspended; resume it first`);
      const leftMs = (): number => Math.max(1, options.timeout - (Date.now() - began));
      if (options.withSource === true)
        await reconcileSource({ hub, delivery, progress, options, terminal, leftMs });
      const asked = await request({ hub, item: delivery, terminal, progress });
      if (!options.wait) return terminal.out(`${showName(delivery)} requested\n`);
      const end = await waitHandled({
        hub,
        asked,
        progress,
        terminal,
        timeoutMs: leftMs(),
        needsReady: true,
      });
      progress.stop();
      terminal.out(
        `${showName(end)} ${shortRevision(end.summary.revision)} ${end.summary.sync} ${end.summary.health} (${showDuration(Date.now() - began)})\n`,
      );
    });
  } finally {
    progress.stop();
  }
}

const scopeOf = (hub: Hub, terminal: Terminal): Scope => ({
  client: hub.client,
  dialects: hub.dialects,
  role: 'delivery',
  signal: terminal.signal,
});

/** A source that the delivery carries itself is fetched with it: there is nothing to ask apart. */
async function reconcileSource(input: {
  hub: Hub;
  delivery: Declared;
  progress: Progress;
  options: ReconcileOptions;
  terminal: Terminal;
  leftMs: () => number;
}): Promise<void> {
  const { hub, delivery, terminal, progress } = input;
  const reading = delivery.dialect.read(delivery.object);
  if (reading.kind !== 'delivery' || reading.source !== undefined) return;
  const wanted = reading.delivery.source;
  const sources = await listDeclared({ ...scopeOf(hub, terminal), role: 'source' });
  const source = sources.find((item) => {
    const found = item.dialect.read(item.object);
    return found.kind === 'source' && found.source.id === wanted;
  });
  if (source === undefined)
    throw new Exit(
      exitCodes.failure,
      `SOURCE_NOT_FOUND: the source ${wanted} of ${showName(delivery)} is not on the hub`,
    );
  const asked = await request({ hub, item: source, terminal, progress });
  if (input.options.wait)
    await waitHandled({ hub, asked, progress, terminal, timeoutMs: input.leftMs(), needsReady: false });
}

interface Asked {
  readonly item: Declared;
  readonly token: string | undefined;
}

async function request(input: {
  hub: Hub;
  item: Declared;
  terminal: Terminal;
  progress: Progress;
}): Promise<Asked> {
  const { hub, item, terminal, progress } = input;
  const patch = item.dialect.requestPatch({ object: item.object, now: terminal.now().toISOString() });
  const patched = await hub.writer.mergePatch(refOf(item.object), patch, {
    fieldManager: 'weir-cli',
    signal: terminal.signal,
  });
  progress.status(`${showName(item)}: requested`);
  return { item, token: tokenOf(item, patched) };
}

/** The request as the dialect reads it from the object; undefined once a dialect took it off again. */
function tokenOf(item: Declared, object: KubeObject): string | undefined {
  const reading = item.dialect.read(object);
  if (reading.kind === 'delivery') return reading.delivery.requestToken ?? reading.source?.requestToken;
  return reading.kind === 'source' ? reading.source.requestToken : undefined;
}

/** Handled: the request is off the object (Argo CD), or the status names it (Flux). */
export function isHandled(asked: Asked, now: Declared): boolean {
  if (asked.token === undefined) return true;
  const status = now.object.status;
  if (isRecord(status) && status.lastHandledReconcileAt === asked.token) return true;
  return tokenOf(now, now.object) === undefined;
}

async function waitHandled(input: {
  hub: Hub;
  asked: Asked;
  progress: Progress;
  terminal: Terminal;
  timeoutMs: number;
  needsReady: boolean;
}): Promise<Declared> {
  const { asked, progress } = input;
  const { item } = asked;
  const key = keyOf(item);
  let last = item;
  const isDone = (known: Known): boolean => {
    const now = known.get(key);
    if (now === undefined) throw new Exit(exitCodes.failure, `${showName(item)} was deleted`);
    last = now;
    progress.status(
      `${showName(now)}: ${now.summary.sync} ${now.summary.health} ${now.summary.message}`.trimEnd(),
    );
    if (!isHandled(asked, now)) return false;
    if (isReady(now) || (!input.needsReady && now.summary.health === 'Healthy')) return true;
    if (isHopeless(now)) throw new Exit(exitCodes.failure, `${showName(now)} failed: ${now.summary.message}`);
    return false;
  };
  const scope: Scope = {
    ...scopeOf(input.hub, input.terminal),
    role: item.kind.role,
    namespace: item.namespace,
  };
  const end = await waitUntil(scope, { timeoutMs: input.timeoutMs, isDone });
  if (end === 'done') return last;
  throw new Exit(
    exitCodes.notReady,
    `${showName(last)} is not ready after ${showDuration(input.timeoutMs)}: ${last.summary.sync} ${last.summary.health} ${last.summary.message}`.trimEnd(),
  );
}

/** Its message carries a code that only a new commit or spec can mend. */
function isHopeless(item: Declared): boolean {
  const code = /\b([A-Z]+(?:_[A-Z]+)+)\b/.exec(item.summary.message)?.[1];
  const entry = Object.entries(errorCatalogue).find(([known]) => known === code)?.[1];
  return entry?.retry === 'on-change';
}
