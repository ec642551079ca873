import { describe, expect, it } from 'vitest';
import { MAX_FRAME_BYTES } from './envelope.ts';
import { encodeFrame, FrameDecoder } from './frames.ts';

function frame(message: unknown): Buffer {
  const encoded = encodeFrame(message);
  if (encoded === undefined) {
    throw new Error('message does not fit a frame');
  }
  return encoded;
}

function decodeAll(decoder: FrameDecoder, chunks: readonly Buffer[]): unknown[] {
  return chunks.flatMap((chunk) => {
    const decoded = decoder.push(chunk);
    return decoded.ok ? decoded.messages : [decoded.problem];
  });
}

describe('frames', () => {
  const two = Buffer.concat([frame({ a: 'ü' }), frame([1, 2])]);
  const cases: Record<string, { chunks: Buffer[]; says: unknown[] }> = {
    'two frames in one chunk': { chunks: [two], says: [{ a: 'ü' }, [1, 2]] },
    'one byte at a time': { chunks: [...two].map((byte) => Buffer.from([byte])), says: [{ a: 'ü' }, [1, 2]] },
    'half a header': { chunks: [two.subarray(0, 2)], says: [] },
    'text instead of frames': {
      chunks: [Buffer.from('panic: oh')],
      says: [
        `frame of ${Buffer.from('pani').readUInt32BE()} bytes announced, at most ${MAX_FRAME_BYTES} are read`,
      ],
    },
    'a frame that is not JSON': { chunks: [Buffer.from([0, 0, 0, 1, 123])], says: ['frame is not JSON'] },
    'an empty frame': { chunks: [Buffer.from([0, 0, 0, 0])], says: ['frame is not JSON'] },
  };
  for (const [name, { chunks, says }] of Object.entries(cases)) {
    it(name, () => {
      expect(decodeAll(new FrameDecoder(), chunks)).toEqual(says);
    });
  }

  it('does not encode what is too long', () => {
    expect(encodeFrame('x'.repeat(MAX_FRAME_BYTES))).toBeUndefined();
  });
});
