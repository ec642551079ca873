// How the actions of an object and what one would write are printed. Pure.

import type { ActionOffer, ActionOperation } from '@weir/core';
import { type Format, toData, toYaml } from '../terminal/format.ts';
import { showTable } from '../terminal/table.ts';

export function showOffers(offers: readonly ActionOffer[], format: Format): string {
  if (format === 'json' || format === 'yaml') return toData(offers, format);
  if (format === 'name') return offers.map(({ name }) => `${name}\n`).join('');
  return showTable(
    [
      { title: 'ACTION', value: (offer) => offer.name },
      { title: 'ENABLED', value: (offer) => (offer.disabled ? 'no' : 'yes') },
      { title: 'PARAMETERS', value: (offer) => offer.parameters.map(showParameter).join(' ') },
      { title: 'TITLE', value: (offer) => offer.displayName ?? '' },
    ],
    offers,
  );
}

/** As it is given on the command line; what must be given stands in angle brackets. */
function showParameter(parameter: ActionOffer['parameters'][number]): string {
  const { name, type } = parameter;
  return `${name}=${parameter.default ?? `<${type === 'count' ? 'number' : 'text'}>`}`;
}

export function showOperations(operations: readonly ActionOperation[], format: Format): string {
  if (format === 'json') return toData(operations, 'json');
  return operations.map(({ operation, resource }) => `# ${operation}\n${toYaml(resource)}`).join('---\n');
}
