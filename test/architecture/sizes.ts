// Finds what does not fit on a screen: files above 500 lines, functions above 60. Tests and generated code are free.

import ts from 'typescript';
import { isGenerated, isTest, lineOf, parse, type SourceFile, walk } from './source-files.ts';

const maxFileLines = 500;
const maxFunctionLines = 60;

export function findLarge(files: readonly SourceFile[]): string[] {
  const own = files.filter((file) => !isTest(file.path) && !isGenerated(file));
  return own.flatMap((file) => [...largeFile(file), ...largeFunctions(file)]);
}

function largeFile(file: SourceFile): string[] {
  const lines = file.text.trimEnd().split('\n').length;
  return lines > maxFileLines ? [`${file.path}: ${lines} lines, at most ${maxFileLines}`] : [];
}

function largeFunctions(file: SourceFile): string[] {
  const tree = parse(file);
  const found: string[] = [];
  walk(tree, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return;
    const first = lineOf(node);
    const lines = tree.getLineAndCharacterOfPosition(node.getEnd()).line + 2 - first;
    if (lines > maxFunctionLines)
      found.push(`${file.path}:${first}: a function of ${lines} lines, at most ${maxFunctionLines}`);
  });
  return found;
}
