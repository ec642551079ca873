// Finds what core and dialects must not do (I/O, clocks, chance), and who but `kube/apply` writes to clusters.

import ts from 'typescript';
import { importsOf, isTest, lineOf, parse, roomOf, type SourceFile, walk } from './source-files.ts';

const pureRooms = ['core', 'dialects'];
const impureGlobals = [
  'process',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'performance',
  'crypto',
  'console',
];
const impureMembers = ['Date.now', 'Math.random'];

export function findImpure(files: readonly SourceFile[]): string[] {
  const pure = files.filter((file) => pureRooms.includes(roomOf(file.path)) && !isTest(file.path));
  return pure.flatMap((file) => {
    const imports = importsOf(file)
      .filter(({ specifier }) => specifier.startsWith('node:'))
      .map(({ specifier, line }) => `${file.path}:${line}: imports ${specifier}`);
    return [...imports, ...impureUses(file)];
  });
}

function impureUses(file: SourceFile): string[] {
  const found: string[] = [];
  walk(parse(file), (node) => {
    const use = impureUse(node);
    if (use !== undefined) found.push(`${file.path}:${lineOf(node)}: uses ${use}`);
  });
  return found;
}

function impureUse(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) {
    const text = node.getText();
    if (impureMembers.includes(text)) return text;
  }
  const isDate =
    (ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText() === 'Date';
  if (isDate && (node.arguments ?? []).length === 0) return 'Date()';
  if (ts.isIdentifier(node) && impureGlobals.includes(node.text) && isGlobalUse(node)) return node.text;
  return undefined;
}

/** False where the word is the name of a member, or is declared or imported here. */
function isGlobalUse(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  return !('name' in parent && parent.name === node);
}

const writingMethods = ['PATCH', 'POST', 'PUT', 'DELETE'];
const readingRooms = ['kube', 'engine', 'cli'];
const writer = 'packages/kube/src/apply/';
/** Requests that go to no cluster. */
const notToClusters: Readonly<Record<string, string>> = {
  'packages/cli/src/commands/git-notify.ts': "the Git server's hook tells weir's own webhook of a push",
};

/** Types may name the methods (the transport carries them); only the writer's code may choose one. */
export function findForeignWrites(files: readonly SourceFile[]): string[] {
  const watched = files.filter(
    ({ path }) =>
      readingRooms.includes(roomOf(path)) &&
      !path.startsWith(writer) &&
      !Object.hasOwn(notToClusters, path) &&
      !isTest(path),
  );
  return watched.flatMap((file) => {
    const found: string[] = [];
    walk(parse(file), (node) => {
      const isWord = ts.isStringLiteralLike(node) && writingMethods.includes(node.text);
      if (!isWord || ts.isLiteralTypeNode(node.parent)) return;
      found.push(`${file.path}:${lineOf(node)}: '${node.text}' outside of ${writer}`);
    });
    return found;
  });
}
