// What must be on the machine before anything else: found and wanted versions, and what to do about a difference.
// It installs system packages only as root on Debian or Ubuntu; it never installs Node or Go.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './place.mjs';

/** Where Go looks for certificates (crypto/x509/root_linux.go); without one no module can be fetched. */
const certificateFiles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** Throws one Error that names everything that is missing; returns what was found, for the progress line. */
export function checkPrerequisites({ log, install = true, packages = systemPackages }) {
  const missing = packages.filter((entry) => !entry.present());
  if (missing.length > 0 && install && canInstall()) installPackages(missing, log);
  const problems = [
    checkPlatform(),
    checkVersion({ name: 'Node', found: process.versions.node, wanted: nodeWanted(), advice: adviceNode }),
    checkVersion({ name: 'git', found: gitVersion(), wanted: '2.34', advice: adviceGit }),
    checkVersion({ name: 'Go', found: goVersion(), wanted: goWanted(), advice: adviceGo }),
    ...packages.filter((entry) => !entry.present()).map((entry) => entry.problem),
  ].filter((problem) => problem !== undefined);
  if (problems.length > 0) throw new Error(['prerequisites are missing:', ...problems].join('\n  - '));
  return `node ${process.versions.node}, git ${gitVersion()}, go ${goVersion()}`;
}

const adviceNode = 'Install it from https://nodejs.org or with your version manager; 24 is recommended.';
const adviceGit = 'Install the package "git" of your distribution.';
const adviceGo =
  'Install it from https://go.dev/dl and put its bin directory on PATH; the package of the distribution is often too old.';

const systemPackages = [
  {
    package: 'git',
    present: () => gitHttpBackend() !== undefined,
    problem: 'git-http-backend: not found in `git --exec-path`. It comes with the package "git".',
  },
  {
    package: 'ca-certificates',
    present: () =>
      [process.env.SSL_CERT_FILE, process.env.SSL_CERT_DIR, ...certificateFiles].some(
        (file) => file !== undefined && file !== '' && existsSync(file),
      ),
    problem: 'certificates: no certificate bundle found. Install the package "ca-certificates".',
  },
];

function canInstall() {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && ran('apt-get', ['--version']);
}

function installPackages(missing, log) {
  const names = missing.map((entry) => entry.package);
  log(`apt-get install ${names.join(' ')} ...`);
  const options = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  spawnSync('apt-get', ['update', '-q'], { ...options, timeout: 180_000 });
  spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...names], {
    ...options,
    timeout: 600_000,
  });
}

function checkPlatform() {
  if (process.platform === 'linux') return undefined;
  return `Linux: found ${process.platform}. Use a Linux machine, a virtual machine or WSL 2.`;
}

export function checkVersion({ name, found, wanted, advice }) {
  if (found !== undefined && !isOlder(found, wanted)) return undefined;
  return `${name}: found ${found ?? 'none'}, wanted ${wanted} or newer. ${advice}`;
}

export function isOlder(found, wanted) {
  const have = found.split('.').map(Number);
  for (const [index, part] of wanted.split('.').map(Number).entries()) {
    const difference = (have[index] ?? 0) - part;
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function nodeWanted() {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return manifest.engines.node.replace(/^[^\d]*/, '');
}

/** The highest `go` line of the modules: their go.mod is the truth. */
function goWanted() {
  const native = join(root, 'native');
  const versions = readdirSync(native)
    .map((name) => join(native, name, 'go.mod'))
    .filter((file) => existsSync(file))
    .map((file) => /^go (\d+(?:\.\d+)*)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? '1.26');
  return versions.reduce((highest, version) => (isOlder(highest, version) ? version : highest), '1.26');
}

function gitVersion() {
  return /git version (\d+(?:\.\d+)*)/.exec(output('git', ['--version']))?.[1];
}

function goVersion() {
  // `local`: a tool chain that Go would have to download is not there yet, and builds do not ask for it.
  return /go version go(\d+(?:\.\d+)*)/.exec(output('go', ['version'], { GOTOOLCHAIN: 'local' }))?.[1];
}

function gitHttpBackend() {
  const directory = output('git', ['--exec-path']).trim();
  const file = join(directory, 'git-http-backend');
  return directory !== '' && existsSync(file) ? file : undefined;
}

function output(command, args, environment = {}) {
  const env = { ...process.env, ...environment };
  const result = spawnSync(command, args, { encoding: 'utf8', timeout: 20_000, cwd: root, env });
  return result.status === 0 ? result.stdout : '';
}

function ran(command, args) {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 20_000 }).status === 0;
}
