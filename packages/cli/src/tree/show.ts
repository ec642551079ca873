// How a tree is printed: as aligned text with branches, or as data. Pure.

import { showRef } from '@weir/core';
import { paintStatus } from '../hub/rows.ts';
import { showTable } from '../terminal/table.ts';
import type { Colors } from '../terminal/terminal.ts';
import type { Node } from './nodes.ts';

interface Line {
  readonly label: string;
  readonly sync: string;
  readonly health: string;
  readonly message: string;
}

export function showTree(root: Line, nodes: readonly Node[], colors: Colors): string {
  const lines = [root, ...linesOf(nodes, '')];
  const paint = (cell: string): string => paintStatus(colors, cell);
  return showTable(
    [
      { title: 'OBJECT', value: (line) => line.label },
      { title: 'SYNC', value: (line) => line.sync, paint },
      { title: 'HEALTH', value: (line) => line.health, paint },
      { title: 'MESSAGE', value: (line) => line.message },
    ],
    lines,
  );
}

function linesOf(nodes: readonly Node[], indent: string): Line[] {
  return nodes.flatMap((node, i) => {
    const isLast = i === nodes.length - 1;
    const { sync, health, message } = node;
    const label = `${indent}${isLast ? '└─ ' : '├─ '}${showRef(node.ref)}`;
    return [
      { label, sync, health, message },
      ...linesOf(node.children, `${indent}${isLast ? '   ' : '│  '}`),
    ];
  });
}

/** Fields that are empty are left out. */
export function nodeData(node: Node): Record<string, unknown> {
  const { ref, sync, health, message, children } = node;
  return {
    group: ref.group,
    version: ref.version,
    kind: ref.kind,
    ...(ref.namespace === '' ? {} : { namespace: ref.namespace }),
    name: ref.name,
    ...(sync === '' ? {} : { sync }),
    ...(health === '' ? {} : { health }),
    ...(message === '' ? {} : { message }),
    ...(children.length === 0 ? {} : { children: children.map(nodeData) }),
  };
}
