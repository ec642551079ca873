// `weir controller`: the engine and its HTTP server in the foreground, with one JSON line per event on stderr.
// On a signal it takes no new requests and no new work, ends what is under way, and gives its clusters up.

import { mkdir, readFile } from 'node:fs/promises';
import { type Controller, type Log, startController } from '@weir/engine';
import { loadAccess } from '@weir/kube';
import { startServer } from '@weir/server';
import { type Command, InvalidArgumentError } from 'commander';
import { dialects } from '../dialects.ts';
import { parseDuration } from '../duration.ts';
import { exitCodesHelp } from '../exit.ts';
import { findBinary } from '../local/place.ts';
import { parseDocuments } from '../manifest/documents.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { weirVersion } from './version.ts';

interface Address {
  readonly host: string;
  readonly port: number;
}

interface ControllerCommandOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly data: string;
  readonly listen: Address;
  readonly webhookSecretFile?: string;
  readonly replicaName?: string;
  readonly leaseDuration: number;
}

const lingerMs = 250;

const help = `
It logs JSON lines to standard error. /healthz, /readyz and POST /webhook (GitHub's push event) are served on --listen.
Several controllers may run on one hub: each works on the clusters whose claims it holds (weir get replicas).
The binary that renders is found by WEIR_RENDER, or in the checkout.

Examples:
  weir controller --kubeconfig hub.kubeconfig --data /var/lib/weir --listen 127.0.0.1:8080
  weir controller --context hub --data data --listen 0.0.0.0:8080 --webhook-secret-file secret
  weir controller --data data --replica-name "$POD_NAME" --lease-duration 30s
${exitCodesHelp}`;

export function registerController(program: Command, terminal: Terminal): void {
  program
    .command('controller')
    .description('run the controller in the foreground')
    .option('--kubeconfig <file>', 'kubeconfig of the hub (default: KUBECONFIG or ~/.kube/config)')
    .option('--context <name>', 'context of the hub in it')
    .requiredOption('--data <dir>', 'directory for mirrors and caches; may be lost at any time')
    .option('--listen <host:port>', 'address of the HTTP server', parseAddress, {
      host: '127.0.0.1',
      port: 8080,
    })
    .option('--webhook-secret-file <file>', 'secret that webhooks are signed with; read at each delivery')
    .option(
      '--replica-name <name>',
      'name among the controllers on this hub (default: host and a random end)',
      parseReplica,
    )
    .option(
      '--lease-duration <duration>',
      'others take over when it has been silent for so long',
      parseLease,
      15_000,
    )
    .addHelpText('after', help)
    .action((options: ControllerCommandOptions) => runController(options, terminal));
}

export function parseAddress(text: string): Address {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, Math.max(0, colon)).replace(/^\[(.*)\]$/, '$1');
  const port = Number(text.slice(colon + 1));
  if (colon < 0 || !Number.isInteger(port) || port < 0 || port > 65_535 || text.endsWith(':'))
    throw new InvalidArgumentError('expected host:port, as 127.0.0.1:8080');
  return { host: host === '' ? '0.0.0.0' : host, port };
}

/** It becomes part of the name of a Lease. */
export function parseReplica(text: string): string {
  if (text.length > 63 || !/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text))
    throw new InvalidArgumentError('expected at most 63 lower-case letters, digits, dots and hyphens');
  return text;
}

/** Leases count whole seconds. */
export function parseLease(text: string): number {
  const ms = parseDuration(text);
  if (ms < 1_000 || ms > 600_000 || ms % 1_000 !== 0)
    throw new InvalidArgumentError('expected whole seconds between 1s and 10m');
  return ms;
}

async function runController(options: ControllerCommandOptions, terminal: Terminal): Promise<void> {
  const log = jsonLog(terminal);
  const hub = await loadAccess({
    name: 'hub',
    ...(options.kubeconfig === undefined ? {} : { path: options.kubeconfig }),
    ...(options.context === undefined ? {} : { context: options.context }),
  });
  const renderBinary = await findBinary('render', (message) => log({ level: 'info', message }));
  await mkdir(options.data, { recursive: true, mode: 0o700 });
  let controller: Controller | undefined;
  const secretFile = options.webhookSecretFile;
  const server = await startServer({
    ...options.listen,
    webhookSecret: async () =>
      secretFile === undefined ? undefined : (await readFile(secretFile, 'utf8')).trim(),
    onPush: (push) => controller?.notifyPush(push) ?? 0,
    isReady: () => controller?.isReady() === true,
    log: (level, message, fields) => {
      if (level !== 'debug') log({ ...fields, level, message });
    },
  });
  log({ level: 'info', message: `serving on ${server.url}` });
  try {
    controller = await startController({
      hub,
      dialects,
      dataDir: options.data,
      renderBinary,
      findEvaluator: () => findBinary('evaluate', (message) => log({ level: 'info', message })),
      parseYaml: (text) => parseDocuments(text, 'the settings')[0],
      log,
      userAgent: `weir/${weirVersion}`,
      replica: {
        leaseDurationMs: options.leaseDuration,
        ...(options.replicaName === undefined ? {} : { name: options.replicaName }),
      },
    });
    log({ level: 'info', message: 'the controller runs' });
    await aborted(terminal.signal);
    log({ level: 'info', message: 'stopping' });
  } finally {
    // Side by side: a client that keeps its connection must not keep the clusters from the next replica.
    await Promise.all([server.stop(), controller?.stop()]);
    // A connection that lingers must not hold the process, after a failed start neither; this timer itself does not.
    setTimeout(() => process.exit(), lingerMs).unref();
  }
  log({ level: 'info', message: 'stopped' });
}

function jsonLog(terminal: Terminal): Log {
  return (line) => terminal.err(`${JSON.stringify({ time: terminal.now().toISOString(), ...line })}\n`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}
