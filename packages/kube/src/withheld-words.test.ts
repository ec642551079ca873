import { expect, it } from 'vitest';
import { apiErrorOf } from './api-error.ts';

const secret = { group: '', version: 'v1', kind: 'Secret', namespace: 'web', name: 's' };
const body = (message: string, causes: readonly unknown[] = []): string =>
  JSON.stringify({ kind: 'Status', message, reason: 'Invalid', details: { kind: 'Secret', causes } });

const table: Record<string, [status: number, body: string, says: string]> = {
  // The words of a 1.36 API server.
  'a value of a wrong type': [
    500,
    body(
      '.data.pin: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"deep":"hunter2"}}',
    ),
    'refuses it as invalid;',
  ],
  'an invalid value': [
    422,
    body('data[a]: Invalid value: "hunter2"', [{ field: 'data[a]', reason: 'FieldValueInvalid' }]),
    'refuses it as invalid (data[a]: FieldValueInvalid);',
  ],
  'an unknown field beside it': [
    500,
    body('x: errors:\n  .dat: field not declared in schema\n  .data.pin: expected string, got hunter2'),
    'refuses it as invalid (.dat: field not declared in schema);',
  ],
  'a page of a proxy': [500, '<html>hunter2', 'refuses it as invalid;'],
};
for (const [sentence, [status, text, says]] of Object.entries(table))
  it(`no value of a Secret is told: ${sentence}`, () => {
    const { message } = apiErrorOf({ status, body: text, what: 'PATCH /x', object: secret });
    expect(message).toContain(says);
    expect(message).not.toContain('hunter2');
  });

it('what does not quote values is told of a Secret too', () => {
  const { message } = apiErrorOf({
    status: 403,
    body: body('secrets is forbidden'),
    what: '',
    object: secret,
  });
  expect(message).toBe('Secret/web/s: secrets is forbidden');
});

it('other objects are told of in the words of the server', () => {
  const object = { ...secret, kind: 'ConfigMap' };
  const { message } = apiErrorOf({ status: 422, body: body('data: Invalid value: 3'), what: '', object });
  expect(message).toBe('ConfigMap/web/s: data: Invalid value: 3');
});
