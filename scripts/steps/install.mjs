// Brings node_modules to what package-lock.json says; does nothing where it already is so.
// It runs no install script of any package: none of ours needs one (esbuild brings its binary as a package).

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './place.mjs';

const stampFile = join(root, 'node_modules', '.weir-lock-digest');

export function isInstalled() {
  if (!existsSync(stampFile)) return false;
  return readFileSync(stampFile, 'utf8') === lockDigest();
}

/** `installed`, or `unchanged` where the tree already had every package at its version. */
export async function installPackages({ log }) {
  const outcome = matchesLock() ? 'unchanged' : 'installed';
  if (outcome === 'installed') {
    log('npm ci ...');
    await npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
  }
  linkCommand();
  writeFileSync(stampFile, lockDigest());
  return outcome;
}

function lockDigest() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

/**
 * Compares with npm's own record of what it installed. Without this a developer's `npm install` would be followed by
 * an `npm ci`, which takes away node_modules under everything that is running.
 */
function matchesLock() {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.startsWith('node_modules/')) return true;
    const found = installed[path];
    if (found === undefined) return entry.optional === true || entry.peer === true;
    return found.version === entry.version && existsSync(join(root, path));
  });
}

/** npm links the commands of workspaces only where their file existed at the time of the installation. */
function linkCommand() {
  const link = join(root, 'node_modules', '.bin', 'weir');
  mkdirSync(join(root, 'node_modules', '.bin'), { recursive: true });
  if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) return;
  symlinkSync('../../packages/cli/bin/weir.mjs', link);
}

async function npm(args) {
  const child = spawn('npm', args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const keep = (chunk) => {
    said = (said + chunk).slice(-8_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`npm ${args[0]} failed (exit code ${code}):\n${said}`);
}
