import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ENVELOPE_ERROR_CODES } from './envelope.ts';
import { EVALUATE_ERROR_CODES, EVALUATE_PROTOCOL } from './evaluation-messages.ts';
import { BINARY_ERROR_CODES, PROTOCOL } from './messages.ts';
import { parseAnswer, parseHello } from './parse-answer.ts';
import { repositoryRoot } from './testing/native-binary.ts';

describe('what a process says', () => {
  const hellos: Record<string, [unknown, boolean]> = {
    'a handshake': [{ type: 'hello', protocol: 1, role: 'render', evaluators: { helm: 'v4' } }, true],
    'of no protocol': [{ type: 'hello', role: 'render', evaluators: {} }, false],
    'without evaluators': [{ type: 'hello', protocol: 1, role: 'render' }, false],
    'an answer instead': [{ id: 1, ok: true, result: {} }, false],
    'a text': ['hello', false],
  };
  for (const [name, [message, good]] of Object.entries(hellos)) {
    it(`handshake: ${name}`, () => expect(parseHello(message) !== undefined).toBe(good));
  }

  const answers: Record<string, [unknown, boolean]> = {
    'a success': [{ id: 1, ok: true, result: {} }, true],
    'a failure': [{ id: 1, ok: false, error: { code: 'X', message: 'x' } }, true],
    'a failure without message': [{ id: 1, ok: false, error: { code: 'X' } }, false],
    'a success without result': [{ id: 1, ok: true }, false],
    'no id': [{ ok: true, result: {} }, false],
    'an array': [[], false],
  };
  for (const [name, [message, good]] of Object.entries(answers)) {
    it(`answer: ${name}`, () => expect(parseAnswer(message) !== undefined).toBe(good));
  }
});

describe('both sides of the wire', () => {
  const go = (path: string) => readFileSync(join(repositoryRoot, 'native', path), 'utf8');
  const codesIn = (path: string) =>
    [...go(path).matchAll(/^\t\w+ += "([A-Z_]+)"$/gm)].map((match) => match[1]).sort();

  it('know the same error codes', () => {
    expect(codesIn('stdio/failure.go')).toEqual([...ENVELOPE_ERROR_CODES].sort());
    expect(codesIn('evaluate/wire/messages.go')).toEqual([...EVALUATE_ERROR_CODES].sort());
    expect(codesIn('render/wire/codes.go')).toEqual([...BINARY_ERROR_CODES].sort());
  });

  it('speak the same protocol', () => {
    expect(go('render/wire/messages.go')).toContain(`const Protocol = ${PROTOCOL}\n`);
    expect(go('evaluate/wire/messages.go')).toContain(`const Protocol = ${EVALUATE_PROTOCOL}\n`);
  });
});
