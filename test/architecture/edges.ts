// Who may import whom: the rooms, the npm packages of each, and the walls between the dialects.

import { type Import, importsOf, isTest, roomOf, type SourceFile, targetOf } from './source-files.ts';

export interface Room {
  readonly rooms: readonly string[];
  /** npm packages that the room's own code may import. */
  readonly packages: readonly string[];
}

/** The table. Another edge is a decision: change it here, with the reason in the commit. */
export const rooms: Readonly<Record<string, Room>> = {
  core: { rooms: [], packages: [] },
  dialects: { rooms: ['core'], packages: ['typebox'] },
  kube: { rooms: ['core'], packages: ['@kubernetes/client-node', 'undici'] },
  upstream: { rooms: ['core'], packages: [] },
  source: { rooms: ['core'], packages: [] },
  engine: { rooms: ['core', 'kube', 'source', 'upstream'], packages: [] },
  server: { rooms: ['core', 'engine', 'source'], packages: ['fastify'] },
  testkit: { rooms: ['core', 'kube', 'source'], packages: [] },
  cli: {
    rooms: ['core', 'dialects', 'kube', 'upstream', 'source', 'engine', 'server', 'testkit'],
    packages: ['commander', 'js-yaml', 'picocolors'],
  },
};

/** What tests may import besides what their room may: the rig, and the tools of tests. */
const testRooms = ['testkit'];
const testPackages = ['vitest', 'fast-check', 'js-yaml', 'esbuild'];

const dialects = ['argocd', 'flux', 'configsync', 'native'];

export function findForbiddenEdges(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => file.path.startsWith('packages/'))
    .flatMap((file) => importsOf(file).flatMap((found) => judge(file, found)));
}

function judge(file: SourceFile, found: Import): string[] {
  const room = rooms[roomOf(file.path)];
  const where = `${file.path}:${found.line}`;
  if (room === undefined) return [`${where}: room ${roomOf(file.path)} is not in the table`];
  const { specifier } = found;
  if (specifier.startsWith('node:')) return [];
  if (specifier.startsWith('.')) return judgeRelative({ file, where, specifier });
  const packages = isTest(file.path) ? [...room.packages, ...testPackages] : room.packages;
  if (specifier.startsWith('@weir/')) return judgeRoom({ file, where, specifier, room });
  if (packages.includes(packageOf(specifier))) return [];
  return [`${where}: ${roomOf(file.path)} may not import the package ${packageOf(specifier)}`];
}

function judgeRoom(edge: { file: SourceFile; where: string; specifier: string; room: Room }): string[] {
  const { file, where, specifier, room } = edge;
  const target = specifier.slice('@weir/'.length);
  if (target.includes('/')) return [`${where}: ${specifier} reaches past the entry of a room`];
  const own = roomOf(file.path);
  const allowed = isTest(file.path) ? [...room.rooms, ...testRooms] : room.rooms;
  return allowed.includes(target) ? [] : [`${where}: ${own} may not import ${target}`];
}

function judgeRelative(edge: { file: SourceFile; where: string; specifier: string }): string[] {
  const target = targetOf(edge.file, edge.specifier) ?? '';
  const own = `packages/${roomOf(edge.file.path)}/`;
  if (!target.startsWith(own)) return [`${edge.where}: ${edge.specifier} crosses into another room`];
  if (isTest(target) && !isTest(edge.file.path))
    return [`${edge.where}: ${edge.specifier} is for tests only`];
  const from = dialectOf(edge.file.path);
  const to = dialectOf(target);
  if (from === undefined || to === undefined || from === to) return [];
  return [`${edge.where}: dialect ${from} may not import dialect ${to}`];
}

function dialectOf(path: string): string | undefined {
  const folder = /^packages\/dialects\/src\/([^/]+)\//.exec(path)?.[1];
  return folder !== undefined && dialects.includes(folder) ? folder : undefined;
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier);
}

/** A package.json may list no more than the table allows. */
export function findForbiddenDependencies(manifests: readonly SourceFile[]): string[] {
  return manifests.flatMap((file) => {
    const room = rooms[roomOf(file.path)];
    if (room === undefined) return [`${file.path}: room ${roomOf(file.path)} is not in the table`];
    const allowed = [...room.packages, ...room.rooms.map((name) => `@weir/${name}`)];
    const { dependencies = {} } = JSON.parse(file.text) as { dependencies?: Record<string, string> };
    const foreign = Object.keys(dependencies).filter((name) => !allowed.includes(name));
    return foreign.map((name) => `${file.path}: ${roomOf(file.path)} may not depend on ${name}`);
  });
}
