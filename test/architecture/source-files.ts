// Reads the checkout: which files there are, and what a TypeScript file imports. It knows no rule.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export interface SourceFile {
  /** Relative to the root, with slashes. */
  readonly path: string;
  readonly text: string;
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
}

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Everything that git knows or would take; a file that was deleted but not yet committed is left out. */
export function listFiles(): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const output = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const paths = [...new Set(output.split('\0'))].filter((path) => path !== '');
  return paths.filter((path) => existsSync(join(root, path)) && statSync(join(root, path)).isFile()).sort();
}

export function readFiles(paths: readonly string[]): SourceFile[] {
  return paths.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** Tests, and what only they use: a file named `x-rig.ts`. */
export function isTest(path: string): boolean {
  return /(\.test|-rig)\.(tsx?|mjs)$/.test(path);
}

export function isGenerated(file: SourceFile): boolean {
  return file.path.includes('.generated.') || /^\/\/ (Code g|G)enerated /.test(file.text);
}

/** `core` for `packages/core/src/x.ts`, otherwise the first folder: `test`, `bench`, `scripts`. */
export function roomOf(path: string): string {
  const [first = '', second = ''] = path.split('/');
  return first === 'packages' ? second : first;
}

const parsed = new WeakMap<SourceFile, ts.SourceFile>();

export function parse(file: SourceFile): ts.SourceFile {
  const known = parsed.get(file);
  if (known !== undefined) return known;
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ESNext, true);
  parsed.set(file, tree);
  return tree;
}

export function lineOf(node: ts.Node): number {
  const tree = node.getSourceFile();
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}

export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** Static, dynamic and type imports, and re-exports; type-only ones too. */
export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = [];
  walk(parse(file), (node) => {
    const specifier = specifierOf(node);
    if (specifier !== undefined) found.push({ specifier: specifier.text, line: lineOf(specifier) });
  });
  return found;
}

function specifierOf(node: ts.Node): ts.StringLiteralLike | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return literal(node.moduleSpecifier);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return literal(node.argument.literal);
  if (ts.isCallExpression(node) && isLoading(node.expression)) return literal(node.arguments[0]);
  return undefined;
}

function isLoading(callee: ts.Expression): boolean {
  return (
    callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require')
  );
}

function literal(node: ts.Node | undefined): ts.StringLiteralLike | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node : undefined;
}

/** The file that an import of ours leads to; undefined for npm packages and Node's modules. */
export function targetOf(file: SourceFile, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(file.path), specifier);
  const room = /^@weir\/([^/]+)$/.exec(specifier)?.[1];
  return room === undefined ? undefined : `packages/${room}/src/index.ts`;
}
