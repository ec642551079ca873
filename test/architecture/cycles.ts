// Finds import cycles between files, type-only imports included: a cycle of types is a cycle of ideas.

import { importsOf, type SourceFile, targetOf } from './source-files.ts';

/** Each cycle once, as `a.ts -> b.ts -> a.ts`. */
export function findCycles(files: readonly SourceFile[]): string[] {
  const graph = new Map(files.map((file) => [file.path, neighbours(file)]));
  const done = new Set<string>();
  const cycles = new Set<string>();
  for (const start of graph.keys()) visit({ graph, done, cycles, path: start, trail: [] });
  return [...cycles];
}

interface Search {
  readonly graph: ReadonlyMap<string, readonly string[]>;
  readonly done: Set<string>;
  readonly cycles: Set<string>;
  readonly path: string;
  readonly trail: readonly string[];
}

function visit(search: Search): void {
  const { graph, done, cycles, path, trail } = search;
  const seen = trail.indexOf(path);
  if (seen >= 0) {
    cycles.add([...trail.slice(seen), path].join(' -> '));
    return;
  }
  if (done.has(path)) return;
  for (const next of graph.get(path) ?? []) visit({ ...search, path: next, trail: [...trail, path] });
  done.add(path);
}

function neighbours(file: SourceFile): string[] {
  const targets = importsOf(file).map(({ specifier }) => targetOf(file, specifier));
  return targets.filter((target) => target !== undefined);
}
