import { concat, equalBytes, uint, utf8 } from '../hash/bytes.ts';
import { byteReader } from './byteStream.ts';
import { CID_BYTES, cidBytes, cidFromBytes } from './cid.ts';
import { contentCorrupt, contentIncomplete } from './contentErrors.ts';

// CAR version 1 (https://ipld.io/specs/transport/car/carv1/): a varint length and the dag-cbor header
// {roots, version: 1}, then per block a varint length, the CID and the bytes. Every CID here has 36
// bytes, so the header has one possible encoding, and anything else is refused.

const HEADER_START = concat(Uint8Array.of(0xa2, 0x65), utf8('roots'));
const HEADER_END = concat(Uint8Array.of(0x67), utf8('version'), Uint8Array.of(0x01));
// Tag 42, a byte string of 37, the identity prefix: how dag-cbor writes a CID.
const ROOT_START = Uint8Array.of(0xd8, 0x2a, 0x58, CID_BYTES + 1, 0x00);
/** Most roots of one CAR. */
export const MAX_ROOTS = 1_024;
const MAX_HEADER = HEADER_START.length + 3 + MAX_ROOTS * 41 + HEADER_END.length;

/** A block on its way: the base32 CID and its bytes. */
export interface Block {
  cid: string;
  bytes: Uint8Array;
}

export function encodeCarHeader(roots: readonly string[]): Uint8Array {
  const body = concat(
    HEADER_START,
    arrayHead(roots.length),
    ...roots.flatMap((root) => [ROOT_START, cidBytes(root)]),
    HEADER_END,
  );
  return concat(varint(body.length), body);
}

export function encodeCarBlock(block: Block): Uint8Array {
  return concat(varint(CID_BYTES + block.bytes.length), cidBytes(block.cid), block.bytes);
}

/** Bytes that a block of this length takes in a CAR. */
export const carBlockLength = (length: number): number =>
  varint(CID_BYTES + length).length + CID_BYTES + length;

/** A CAR of these blocks, in the order in which they come. */
export async function* writeCar(
  roots: readonly string[],
  blocks: AsyncIterable<Block>,
): AsyncGenerator<Uint8Array> {
  yield encodeCarHeader(roots);
  for await (const block of blocks) yield encodeCarBlock(block);
}

export interface CarReader {
  roots: readonly string[];
  /**
   * The next block; undefined at a clean end. The bytes are not verified.
   * @throws `ContentCorrupt` for a frame above `maxBytes` or none at all, `ContentIncomplete` when cut off
   */
  next(maxBytes: number): Promise<Block | undefined>;
  close(): Promise<void>;
}

/**
 * Opens a CAR; never holds more than one block.
 * @param subject CID that errors name
 * @throws `ContentCorrupt`, `ContentIncomplete`
 */
export async function openCar(
  source: AsyncIterable<Uint8Array>,
  subject: string,
): Promise<CarReader> {
  const reader = byteReader(source);
  const need = async (count: number): Promise<Uint8Array> => {
    const bytes = await reader.read(count);
    if (bytes === undefined) throw contentIncomplete(subject);
    return bytes;
  };
  const length = async (most: number): Promise<number> => {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = (await need(1))[0] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (shift > 0 && byte === 0) break;
        if (value > most) throw contentCorrupt(subject, 'a CAR frame is too long');
        return value;
      }
    }
    throw contentCorrupt(subject, 'a CAR frame has no proper length');
  };
  const roots = decodeHeader(await need(await length(MAX_HEADER)), subject);
  return {
    roots,
    async next(maxBytes) {
      if (await reader.atEnd()) return undefined;
      const size = await length(CID_BYTES + maxBytes);
      if (size < CID_BYTES) throw contentCorrupt(subject, 'a CAR frame is shorter than a CID');
      const frame = await need(size);
      return {
        cid: frameCid(frame.subarray(0, CID_BYTES), subject),
        bytes: frame.subarray(CID_BYTES),
      };
    },
    close: () => reader.close(),
  };
}

function decodeHeader(header: Uint8Array, subject: string): string[] {
  const roots: string[] = [];
  let at = 0;
  const take = (count: number): Uint8Array => header.subarray(at, (at += count));
  const expect = (bytes: Uint8Array): void => {
    if (!equalBytes(take(bytes.length), bytes)) {
      throw contentCorrupt(subject, 'not the header of a CAR version 1');
    }
  };
  expect(HEADER_START);
  const head = take(1)[0] ?? 0;
  let count = head - 0x80;
  if (head === 0x98) count = take(1)[0] ?? 0;
  if (head === 0x99) count = (take(1)[0] ?? 0) * 256 + (take(1)[0] ?? 0);
  if (count < 0 || count > MAX_ROOTS) throw contentCorrupt(subject, 'too many roots in a CAR');
  for (let i = 0; i < count; i++) {
    expect(ROOT_START);
    roots.push(frameCid(take(CID_BYTES), subject));
  }
  expect(HEADER_END);
  if (at !== header.length) throw contentCorrupt(subject, 'bytes behind the header of a CAR');
  return roots;
}

function frameCid(bytes: Uint8Array, subject: string): string {
  try {
    return cidFromBytes(bytes);
  } catch (cause) {
    throw contentCorrupt(subject, 'a block with a CID of another kind', {}, cause);
  }
}

function arrayHead(count: number): Uint8Array {
  if (count < 24) return Uint8Array.of(0x80 + count);
  if (count < 256) return Uint8Array.of(0x98, count);
  return concat(Uint8Array.of(0x99), uint(count, 2));
}

function varint(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    out.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return Uint8Array.of(...out, rest);
}
