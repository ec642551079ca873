// Cuts a byte stream into length-prefixed JSON frames and back; it never looks at what a message means.

import { MAX_FRAME_BYTES } from './envelope.ts';

const HEADER_BYTES = 4;

/** A message's frame, or undefined where it would be longer than a frame may be. */
export function encodeFrame(message: unknown): Buffer | undefined {
  const body = Buffer.from(JSON.stringify(message), 'utf8');
  if (body.length > MAX_FRAME_BYTES) {
    return undefined;
  }
  const frame = Buffer.allocUnsafe(HEADER_BYTES + body.length);
  frame.writeUInt32BE(body.length, 0);
  body.copy(frame, HEADER_BYTES);
  return frame;
}

export type Decoded =
  | { readonly ok: true; readonly messages: readonly unknown[] }
  | { readonly ok: false; readonly problem: string };

/** Collects chunks; after a problem the stream cannot be trusted any more and the decoder must be dropped. */
export class FrameDecoder {
  readonly #chunks: Buffer[] = [];
  #held = 0;

  push(chunk: Buffer): Decoded {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const messages: unknown[] = [];
    for (;;) {
      const size = this.#nextSize();
      if (size === undefined) {
        return { ok: true, messages };
      }
      if (size > MAX_FRAME_BYTES) {
        return {
          ok: false,
          problem: `frame of ${size} bytes announced, at most ${MAX_FRAME_BYTES} are read`,
        };
      }
      if (this.#held < HEADER_BYTES + size) {
        return { ok: true, messages };
      }
      const body = this.#take(HEADER_BYTES + size).subarray(HEADER_BYTES);
      try {
        messages.push(JSON.parse(body.toString('utf8')));
      } catch {
        return { ok: false, problem: 'frame is not JSON' };
      }
    }
  }

  #nextSize(): number | undefined {
    if (this.#held < HEADER_BYTES) {
      return undefined;
    }
    const first = this.#chunks[0];
    if (first === undefined || first.length < HEADER_BYTES) {
      this.#join();
    }
    return this.#chunks[0]?.readUInt32BE(0);
  }

  #join(): Buffer {
    const joined = this.#chunks.length === 1 ? this.#chunks[0] : undefined;
    const all = joined ?? Buffer.concat(this.#chunks);
    this.#chunks.splice(0, this.#chunks.length, all);
    return all;
  }

  #take(size: number): Buffer {
    const all = this.#join();
    this.#chunks.length = 0;
    this.#held = all.length - size;
    if (this.#held > 0) {
      this.#chunks.push(all.subarray(size));
    }
    return all.subarray(0, size);
  }
}
