// How a tree is printed: as aligned text with branches, or as data. Pure.

import { showRef } from '@weir/core';
import { paintStatus } from '../hub/rows.ts';
import { showAge } from '../terminal/format.ts';
import { type Column, showTable } from '../terminal/table.ts';
import type { Colors } from '../terminal/terminal.ts';
import type { ObjectEvent } from './events.ts';
import type { Node } from './nodes.ts';

interface Line {
  readonly label: string;
  readonly sync: string;
  readonly health: string;
  readonly message: string;
  readonly images?: string;
}

export interface View {
  readonly colors: Colors;
  readonly now: Date;
  /** With the images. */
  readonly wide: boolean;
}

export function showTree(root: Line, nodes: readonly Node[], view: View): string {
  const lines = [root, ...linesOf({ nodes, indent: '', now: view.now })];
  const paint = (cell: string): string =>
    cell.startsWith('Warning') ? view.colors.yellow(cell) : paintStatus(view.colors, cell);
  const images: Column<Line>[] = view.wide ? [{ title: 'IMAGES', value: (line) => line.images ?? '' }] : [];
  return showTable(
    [
      { title: 'OBJECT', value: (line) => line.label },
      { title: 'SYNC', value: (line) => line.sync, paint },
      { title: 'HEALTH', value: (line) => line.health, paint },
      ...images,
      { title: 'MESSAGE', value: (line) => line.message },
    ],
    lines,
  );
}

function linesOf(of: { nodes: readonly Node[]; indent: string; now: Date }): Line[] {
  const { nodes, indent, now } = of;
  return nodes.flatMap((node, i) => {
    const isLast = i === nodes.length - 1;
    const below = `${indent}${isLast ? '   ' : '│  '}`;
    const note = `${below}${node.children.length > 0 ? '│  ' : '   '}`;
    const { sync, health, message } = node;
    return [
      {
        label: `${indent}${isLast ? '└─ ' : '├─ '}${showRef(node.ref)}`,
        sync,
        health,
        message,
        images: node.images.join(','),
      },
      ...node.links.map(({ url, title }) =>
        noteLine(`${note}url`, title === undefined ? url : `${url} (${title})`),
      ),
      ...node.events.map((event) => eventLine(note, event, now)),
      ...linesOf({ nodes: node.children, indent: below, now }),
    ];
  });
}

const noteLine = (label: string, message: string): Line => ({ label, sync: '', health: '', message });

function eventLine(note: string, event: ObjectEvent, now: Date): Line {
  const times = event.count > 1 ? ` (${event.count} times)` : '';
  return {
    label: `${note}event ${event.reason}`,
    sync: '',
    health: event.type === 'Warning' ? 'Warning' : '',
    message: `${showAge(event.time, now)}${times} ${event.message}`,
  };
}

/** Fields that are empty are left out. */
export function nodeData(node: Node): Record<string, unknown> {
  const { ref, sync, health, message, images, links, events, children } = node;
  return {
    group: ref.group,
    version: ref.version,
    kind: ref.kind,
    ...(ref.namespace === '' ? {} : { namespace: ref.namespace }),
    name: ref.name,
    ...(sync === '' ? {} : { sync }),
    ...(health === '' ? {} : { health }),
    ...(message === '' ? {} : { message }),
    ...(images.length === 0 ? {} : { images }),
    ...(links.length === 0 ? {} : { links }),
    ...(events.length === 0 ? {} : { events }),
    ...(children.length === 0 ? {} : { children: children.map(nodeData) }),
  };
}
